/**
 * What every script on a node begins with. `R` is the node's root: empty on real nodes, a directory of this machine on practice
 * and test nodes, whose stand-ins for xl and losetup lie in its `bin`. The user's PATH comes last, for what lies in odd places.
 */
export const prelude = `R=\${VBDESK_ROOT:-}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\${PATH:+:$PATH}
[ -z "$R" ] || PATH=$R/bin:$PATH
LC_ALL=C
export PATH LC_ALL
umask 077
`;
