/* SPDX-License-Identifier: MIT
 *
 * Copies its input to its output, line by line, until Ctrl-D.
 */
#include <stdio.h>

int main(void)
{
    int c;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    while ((c = getchar()) != EOF)
        putchar(c);
    printf("copy: the end of the input\n");
    return ferror(stdin) ? 1 : 0;
}
