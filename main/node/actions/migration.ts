/** Live migration: from one xl to another, over the nodes' own ssh. */
import { sshAddress } from '../../../core/plan/action.ts';
import { quote } from '../quote.ts';
import { sshCommand } from '../shell/migration.ts';
import { given, stateNow } from './domain.ts';
import { type ActionOf, anyPath, RenderError, type Rendered, rendered, type Toolstack } from './rendered.ts';

/** Arguments of reach_machine. xl hands the address to a shell as it is, so it must be a plain word. */
const way = ({ addresses, bootId }: { addresses: string[]; bootId: string }): string => {
  const odd = addresses.find((each) => !sshAddress.safeParse(each).success);
  if (odd !== undefined)
    throw new RenderError(`${JSON.stringify(odd)} is not the name or address of a node.`);
  return [bootId, ...addresses].map(quote).join(' ');
};

const help =
  "root on this node needs to log in there by key, as 'ssh -o BatchMode=yes' does it: put its public key into the other's authorized_keys and the other's host key into known_hosts here";

export const checkSsh = (action: ActionOf<'check-ssh'>): Rendered =>
  rendered({
    summary: `ssh -o BatchMode=yes -o StrictHostKeyChecking=yes ${action.addresses[0]} …   # must be the machine with boot id ${action.bootId}`,
    act: `peer=$(reach_machine ${way(action)}) || {
  echo ${quote(`The other node is not reached by SSH from here; ${help}.`)} >&2
  exit 10
}
printf 'reached as %s\\n' "$peer"`,
    check: null,
  });

/** By the configurations that the toolstack keeps of the running domains: attached to this one, and to no other. */
const attachedText = (
  paths: readonly string[],
): string => `          long=$(timeout -k 5 60 xl list -l "$domid") && all=$(timeout -k 5 60 xl list -l) || {
            echo 'What is attached to it could not be told.' >&2
            exit 10
          }
          attached() { grep -cF -e "\\"pdev_path\\": \\"$R$1\\"" -e "\\"pdev_path\\": \\"$1\\""; }
          for image in ${paths.map(anyPath).join(' ')}; do
            own=$(printf '%s\\n' "$long" | attached "$image")
            if [ "$own" -eq 0 ]; then
              printf '%s\\n' "$name runs here, but $image is not attached to it." >&2
              exit 10
            fi
            if [ "$(printf '%s\\n' "$all" | attached "$image")" -ne "$own" ]; then
              printf '%s\\n' "$image is attached to another domain as well." >&2
              exit 10
            fi
          done
`;

export const checkRunning = (action: ActionOf<'check-running'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `${toolstack} list -v   # one domain ${action.uuid}, running, called ${action.name}`,
      act: `${given(action)}turns=0
while :; do
  if one_domain; then
    called=$(${toolstack} domname "$domid" 2>/dev/null)
    case $flags in
      ??p*) why="The domain $domid is paused (state $flags)." ;;
      *)
        if [ "$called" = "$name" ]; then
${action.attached ? attachedText(action.images) : ''}          printf 'domain %s, state %s\\n' "$domid" "$flags"
          exit 0
        fi
        why="The domain $domid is called \${called:-(nothing)}."
        break
        ;;
    esac
  fi
  turns=$((turns + 1))
  [ "$turns" -lt 10 ] || break
  sleep 0.5
done
printf '%s\\n' "$name does not run here as it should. $why" >&2
exit 10`,
      check: null,
    },
    toolstack,
  );

export const migrateDomain = (action: ActionOf<'migrate-domain'>, toolstack: Toolstack): Rendered => {
  if (toolstack !== 'xl')
    return rendered({
      summary: '# the live migration of xm is not known here',
      act: "refuse 'Only the live migration of xl is known here.'",
      check: 'exit 10',
    });
  return rendered(
    {
      summary: `xl migrate -s 'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes' ${action.name} ${action.addresses[0]}`,
      act: `${given(action)}one_domain || refuse "$why Nothing was migrated."
case $flags in ??p*) refuse "The domain $domid is paused (state $flags). Nothing was migrated." ;; esac
[ "$(xl domname "$domid" 2>/dev/null)" = "$name" ] || refuse "The domain $domid is not called $name. Nothing was migrated."
peer=$(reach_machine ${way(action)}) || refuse ${quote(`The other node is not reached by SSH from here; ${help}. Nothing was migrated.`)}
moved=$domid
xl migrate -s ${quote(sshCommand)} "$moved" "$peer" </dev/null
code=$?
if [ "$code" -ne 0 ]; then
  # xl lets the other end start the guest only after it has renamed this one, and takes the name back when that fails
  if one_domain && [ "$domid" = "$moved" ] && [ "$(xl domname "$domid" 2>/dev/null)" = "$name" ]; then
    watched=
    [ -n "$(our_monitors)" ] || watched=" xl does not watch over it any more: when it shuts down or reboots, its domain stays as it is until it is stopped here."
    refuse "xl migrate ended with exit code $code, and $name runs on here as domain $domid.$watched"
  fi
  fail "xl migrate ended with exit code $code. $(our_domains | sed 's/^/Here is domain /' | tr '\\n' ' ')Look at both nodes before anything is started or resumed."
fi
limit=$(($(date +%s) + 60))
while :; do
  left=$(our_domains) || fail 'It was migrated; whether its old domain is gone from here can not be told.'
  [ -n "$left" ] || break
  [ "$(date +%s)" -lt "$limit" ] || fail "It was migrated, but its old domain stays here: number and state $(printf '%s' "$left" | tr '\\n' ','). It may still write to its images."
  sleep 0.3
done
# its loop devices and its QEMU go a moment later; what stays is looked at once more when the record is written
limit=$(($(date +%s) + 30))
while :; do
  findings=$(still_runs "$@") && exit 0
  [ "$(date +%s)" -lt "$limit" ] || break
  sleep 0.3
done
printf 'Still here: %s\\n' "$findings"
exit 0`,
      check: `${given(action)}${stateNow}case $state in
  absent) exit 0 ;;
  alive)
    case $(xl domname "\${mine%% *}" 2>/dev/null) in "$name") exit 10 ;; esac
    ;;
esac
exit 11`,
    },
    toolstack,
  );
};

export const endLeftovers = (action: ActionOf<'end-leftovers'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary:
        toolstack === 'xl'
          ? `xl destroy ${action.name}--incoming, ${action.name}--migratedaway   # by uuid, and only what does not run`
          : '# xm leaves nothing of a migration that is known here',
      act:
        toolstack === 'xl'
          ? `${given(action)}only_leftovers || exit 1
mine=$(our_domains) || fail 'Nothing was ended.'
[ -n "$mine$(our_monitors)" ] || exit 0
end_domain "$@"`
          : "echo 'Nothing to be done.'",
      check: `${given(action)}${stateNow}[ "$state" = absent ] && exit 0
# it may be repeated as it is
exit 10`,
    },
    toolstack,
  );
