#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs busybox's applets, each once, and looks at what it prints. It says the
# same on any Linux where there is nothing but busybox. To be run as root, in a
# place where it may use /tmp/applets.

passed=0
failed=0

# check APPLET EXPECTED COMMAND: the command prints this; a * stands for any
# text.
check() {
    got=$(eval "$3" 2>&1)
    case $got in
    $2)
        passed=$((passed + 1))
        echo "ok $1"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAILED $1: expected '$2', got '$got'"
        ;;
    esac
}

rm -rf /tmp/applets
mkdir /tmp/applets
cd /tmp/applets || exit 1
umask 022
printf 'one\ntwo\nthree\n' >words
printf 'banana\napple\ncherry\napple\n' >fruit
printf 'a\tb\tc\n1\t2\t3\n' >table
seq 1 100 >numbers

# ---- text ----
check awk 'sum 5050' "awk '{s += \$1} END {print \"sum\", s}' numbers"
check base64 'b25lCnR3bwp0aHJlZQo=' 'base64 words'
check cat 'one
two
three' 'cat words'
check cut 'b
2' 'cut -f 2 table'
check diff '*-two
+2*' 'sed s/two/2/ words >changed; diff -u words changed'
check dos2unix 'one
two' "printf 'one\r\ntwo\r\n' >dos; dos2unix dos; cat dos"
check egrep 'two
three' "egrep 't(w|h)' words"
check expand 'a       b       c' 'expand table | head -n 1'
check fgrep '' "fgrep 't.o' words"
check fold 'abc
def' 'echo abcdef | fold -w 3'
check grep '2:two' 'grep -n w words'
check head 'one' 'head -n 1 words'
check hexdump '00000000  6f 6e 65 0a 74 77 6f 0a*|one.two.three.|*' \
    'hexdump -C words'
check less 'three' 'less words | tail -n 1'
check more 'one*' 'more words'
check nl '*3*three' 'nl words'
check od '0000000 157 156 145 012*' 'od -b words'
check paste 'one:banana' 'paste -d : words fruit | head -n 1'
check patch 'patching file target
one
2
three' 'cp words target; diff -u words changed | sed "1,2s/ [a-z]*/ target/" |
    patch; cat target'
check printf '007 x' "printf '%03d %s' 7 x"
check rev 'olleh' 'echo hello | rev'
check sed 'ONE' "sed -n 's/one/ONE/p' words"
check seq '3 5 7' 'echo $(seq 3 2 7)'
check shuf '5050' "shuf numbers | awk '{s += \$1} END {print s}'"
check sort 'apple
apple
banana
cherry' 'sort fruit'
check strings 'hello there' "printf 'a\0hello there\0b' | strings"
check tac 'three
two
one' 'tac words'
check tail '100' 'tail -n 1 numbers'
check tee 'x
x' 'echo x | tee copy; cat copy'
check tr 'HELLO' 'echo hello | tr a-z A-Z'
check ts '* hello' 'echo hello | ts'
check unexpand 'a	b' "printf 'a       b\n' | unexpand -a"
check uniq '      2 apple
      1 banana
      1 cherry' 'sort fruit | uniq -c'
check unix2dos '6f6e650d0a' 'echo one >u; unix2dos u; xxd -p u'
check uudecode 'one
two
three' 'uuencode words w | uudecode -o decoded; cat decoded'
check uuencode 'begin 644 w*end' 'uuencode words w'
check vi '' "printf 'ix\033:wq\n' | vi vied >/dev/null 2>&1; true"
check wc '      100       100       292 numbers' 'wc numbers'
check xargs 'one two three' 'xargs <words'
check xxd '00000000: 6f6e 650a 7477 6f0a 7468 7265 650a       one.two.three.' \
    'xxd words'
check ed '14
one
two' "printf '1,2p\\nq\\n' | ed words"

# ---- sums, archives, compression ----
# "hello" in formats that there is no applet to write in.
lzma='XQAAgAD//////////wA0GUnujd09Ot///90SAAA='
xz='/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQAFaGVsbG8KAAAAIDA6NgABGgbF6sh5kEKZDQ
EAAAAAAVla'
zip='UEsDBBQAAAAAAAAAIQAgMDo2BgAAAAYAAAABAAAAaGhlbGxvClBLAQIUAxQAAAAAAAAAIQ
AgMDo2BgAAAAYAAAABAAAAAAAAAAAAAACAAQAAAABoUEsFBgAAAAABAAEALwAAACUAAAAA
AA=='
check ar 'x' "printf '!<arch>\n%-16s%-12d%-6d%-6d%-8s%-10d\`\nhi' \
    x 0 0 0 100644 2 >a.a; ar t a.a"
check bunzip2 'one
two
three' 'cp words bz; bzip2 bz; bunzip2 bz.bz2; cat bz'
check bzcat 'one' 'bzip2 -c words | bzcat | head -n 1'
check bzip2 '425a68*' 'bzip2 -c words | xxd -p | head -n 1'
check cpio 'words*' 'echo words | cpio -o -H newc 2>/dev/null | cpio -t'
check crc32 '25e6d5b6 words' 'crc32 words'
check gunzip 'one' 'gzip -c words | gunzip | head -n 1'
check gzip '1f8b08*' 'gzip -c words | xxd -p | head -n 1'
check lzop '894c5a4f*' 'lzop -c words | xxd -p | head -n 1'
check md5sum 'deed54b823522e0525693b090363f9df  words' 'md5sum words'
check sha1sum '98ce56098daf1a2ffe03a0d108ea841f1e4e6c69  words' 'sha1sum words'
check sha256sum 'b6285c57e8797db5d4c51c80d6f1*92a2  words' 'sha256sum words'
check sha3sum '94360cbe7a4054aa08093e6690c8*b01a  words' 'sha3sum words'
check sha512sum '4379c7e10619d0e4867e9c18a140*299c  words' 'sha512sum words'
check tar 'words
table' 'tar cf t.tar words table; tar tf t.tar'
check unlzma 'hello' "echo '$lzma' | base64 -d | unlzma"
check unxz 'hello' "echo '$xz' | base64 -d | unxz"
check lzcat 'hello' "echo '$lzma' | base64 -d | lzcat"
check xzcat 'hello' "echo '$xz' | base64 -d | xzcat"
check unzip 'hello' "echo '$zip' | base64 -d >z.zip; unzip -p z.zip"
check zcat 'one' 'gzip -c words | zcat | head -n 1'

# ---- files ----
check chgrp '7' 'touch own; chgrp 7 own; stat -c %g own'
check chmod '751' 'chmod u=rwx,g=rx,o=x own; stat -c %a own'
check chown '5:6' 'chown 5:6 own; stat -c %u:%g own'
# Since 1.37 it says byte, as POSIX wants.
check cmp 'words changed differ: byte 5, line 2' \
    'cmp words changed | sed s/char/byte/'
check cp 'three' 'cp words copied; tail -n 1 copied'
check dd '*3+0 records out
ppl' 'dd if=fruit of=part bs=1 skip=8 count=3; cat part'
check df 'Filesystem*Mounted on*' 'df'
check du '* .' 'du -k -s . | tr "\t" " "'
check fallocate '5000' 'fallocate -l 5000 space; stat -c %s space'
check find './d/e/f' 'mkdir -p d/e; touch d/e/f; find . -name f'
check link '2' 'link words hard; stat -c %h words'
check ln 'words' 'ln -s words soft; readlink soft'
check ls 'e
empty' 'mkdir -p l/e; touch l/empty; ls l'
check mkdir 'drwxr-xr-x' 'mkdir made; stat -c %A made'
check mkfifo 'through' 'mkfifo f; echo through >f & cat f'
check mknod 'crw-r--r-- 1,3' 'mknod node c 1 3; stat -c "%A %t,%T" node'
check mktemp '/tmp/applets/t.??????' 'mktemp /tmp/applets/t.XXXXXX'
check mv 'words3' 'cp words moved; mv moved words3; ls moved words3 2>/dev/null'
check readlink 'words' 'readlink soft'
check realpath '/tmp/applets/words' 'realpath d/../soft'
check rm '' 'rm -r d; ls -d d 2>/dev/null'
check rmdir '' 'rmdir made; ls -d made 2>/dev/null'
check run-parts 'ran' 'mkdir p; printf "#!/bin/sh\necho ran\n" >p/a
    chmod +x p/a; run-parts p'
check shred 'shredded' 'echo secret >s; shred -n 1 s; grep secret s ||
    echo shredded'
check stat '14 regular file' "stat -c '%s %F' words"
check sync '' 'sync'
check test 'yes' 'test -f words && echo yes'
check '[' 'yes' '[ words -nt /etc/passwd ] && echo yes'
check '[[' 'yes' '[[ -d /tmp ]] && echo yes'
check touch '86400' 'touch -d @86400 old; stat -c %Y old'
check truncate '3' 'truncate -s 3 space; stat -c %s space'
check unlink '1' 'unlink hard; stat -c %h words'
check which '*bin/busybox' 'which busybox'

# ---- names and numbers ----
check ascii '*ESC*' 'ascii'
check basename 'c' 'basename /a/b/c.d .d'
check bc '1024' 'echo 2^10 | bc'
check cal '*January 2000*' 'cal 1 2000'
check date 'Fri Feb 13 23:31:30 UTC 2009' 'date -u -d @1234567890'
check dc '42' 'echo 6 7 \* p | dc'
check dirname '/a/b' 'dirname /a/b/c'
check echo 'a  b' "echo 'a  b'"
check expr '14' "expr 2 + 3 '*' 4"
check factor '1001: 7 11 13' 'factor 1001'
check false '1' 'false; echo $?'
check getopt ' -a -b x -- y' 'getopt ab: -ab x y'
check ipcalc 'NETWORK=192.168.4.0' 'ipcalc -n 192.168.4.7 255.255.255.0'
check mkpasswd '\$1\$salt\$*' 'mkpasswd -m md5 -S salt word'
check true '0' 'true; echo $?'
check yes 'y
y' 'yes | head -n 2'

# ---- the system ----
check arch 'x86_64' 'arch'
check clear '1b5b*' 'clear | xxd -p'
check free '*Mem:*' 'free'
check groups 'root*' 'groups'
check hostid '????????' 'hostid'
check hostname '?*' 'hostname'
check id 'uid=0(root) gid=0(root)*' 'id'
check nproc '[1-9]*' 'nproc'
check pwd '/tmp/applets' 'pwd'
check tty 'not a tty' 'tty </dev/null'
check uname 'Linux' 'uname'
check uptime '*load average: *' 'uptime'
check whoami 'root' 'whoami'
check w 'USER*' 'w'
check mount '*proc on /proc*' 'mount'

# ---- processes ----
check chroot 'usr' 'mkdir -p root/bin root/usr; cp /bin/busybox root/bin/ls
    chroot root /bin/ls / | tail -n 1'
check env 'COLOUR=blue' 'env -i COLOUR=blue env'
check kill '*143' 'sleep 9 & kill $!; wait $!; echo $?'
check killall '*143' 'cp /bin/busybox victim; sh -c "exec -a sleep ./victim 9" &
    pid=$!; sleep 0.2; killall victim; wait $pid; echo $?'
check pidof 'found' 'sleep 9 & sleep 0.2; case " $(pidof sleep) " in
    *" $! "*) echo found ;; esac; kill $!'
check ps '*PID*' 'ps'
check renice '' 'renice -n 1 -p $$'
check setsid 'alone' 'setsid echo alone'
check sleep '' 'sleep 0.01'
check start-stop-daemon 'started' 'start-stop-daemon -S -x /bin/echo -- started'
check taskset "pid *'s current affinity mask: *" 'taskset -p $$'
check time '*real*' 'time true'
check timeout '*143' 'timeout 0.1 sleep 9; echo $?'
check top '*PID*' 'top -b -n 1'
check usleep '' 'usleep 1000'
check watch '*Every 1*: echo x*x*' 'timeout 0.3 watch -n 1 echo x'
check busybox 'BusyBox v1*' 'busybox | head -n 1'
check ash '3' 'ash -c "echo \$((1 + 2))"'
check sh 'a-b' 'sh -c "echo \$0-\$1" a b'
check nuke '' 'mkdir -p n/m; nuke n; ls n 2>/dev/null'

cd /
rm -rf /tmp/applets
echo "applets: $passed passed, $failed failed"
[ "$failed" = 0 ]
