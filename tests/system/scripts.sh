#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Shell scripts of some size, each of which says what came of it. They need
# nothing but busybox, /tmp and a minute.

# report NAME EXPECTED GOT
report() {
    if [ "$3" = "$2" ]; then
        echo "ok $1"
    else
        echo "FAILED $1: expected '$2', got '$3'"
    fi
}

# How many primes there are below a number.
sieve() {
    awk -v limit="$1" 'BEGIN {
        for (i = 2; i < limit; i++) {
            if (composite[i])
                continue
            count++
            for (j = i * i; j < limit; j += i)
                composite[j] = 1
        }
        print count
    }'
}

# So many lines in disorder, each number once: 7919 is prime to 10, and thus
# to a power of 10.
disorder() {
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print i * 7919 % n }'
}

sort_lines() {
    disorder 100000 >/tmp/scripts/disorder
    sort -n /tmp/scripts/disorder >/tmp/scripts/order
    seq 0 99999 | cmp - /tmp/scripts/order && wc -l </tmp/scripts/order
}

sums_of() {
    (cd "$1" && find . -type f | sort | xargs md5sum | md5sum)
}

# Programs, text and nothing, in directories, through tar and gzip and back.
archive() {
    mkdir -p from/a/b to
    cp /bin/busybox from/a/
    seq 1 50000 >from/a/b/numbers
    : >from/a/b/nothing
    ln -s a/b from/link
    tar czf all.tar.gz from
    gunzip -t all.tar.gz || return
    tar xzf all.tar.gz -C to
    [ "$(readlink to/from/link)" = a/b ] &&
        [ "$(sums_of from)" = "$(sums_of to/from)" ] && echo same
}

make_files() {
    for directory in $(seq 1 40); do
        mkdir -p "tree/$directory"
        for file in $(seq 1 50); do
            echo "$directory $file" >"tree/$directory/$file"
        done
    done
}

find_files() {
    make_files
    find tree -type f | wc -l
    find tree -name '*7' -type f | wc -l
    find tree -type f -print0 | xargs -0 cat | awk '{ s += $1 * $2 }
        END { print s }'
    find tree -type f -exec grep -l '^40 50$' {} +
    rm -r tree
    find . -name tree | wc -l
}

# A pipeline of shells, each in a process of its own.
chain() {
    text=$(seq 1 200)
    for _ in 1 2 3 4 5 6 7 8; do
        text=$(echo "$text" | sh -c 'while read -r n; do echo $((n + 1)); done')
    done
    echo "$text" | awk '{ s += $1 } END { print s }'
}

rm -rf /tmp/scripts
mkdir /tmp/scripts
cd /tmp/scripts || exit 1
report 'a sieve in awk' 2262 "$(sieve 20000)"
report 'sort of 100,000 lines' 100000 "$(sort_lines)"
report 'tar and gzip, and back' same "$(archive)"
report 'find over 2,000 files' "2000
200
1045500
tree/40/50
0" "$(find_files)"
report 'a chain of shells' 21700 "$(chain)"
cd /
rm -rf /tmp/scripts
