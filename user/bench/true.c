/* SPDX-License-Identifier: MIT
 *
 * The least that a program can do: for lat_proc_exec and lat_proc_shell.
 */
int main(void)
{
    return 0;
}
