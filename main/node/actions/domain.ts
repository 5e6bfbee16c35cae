/** Guests: judged, stopped, started. */
import { quote } from '../quote.ts';
import {
  type ActionOf,
  anyPath,
  directoryOf,
  ownPath,
  RenderError,
  type Rendered,
  rendered,
  type Toolstack,
  uuidWord,
  wholeNumber,
} from './rendered.ts';

type Guest = { uuid: string; name: string; images: string[] };

/** Sets $uuid, $name, $configs (where its configuration may lie) and the images as arguments. */
export const given = ({ uuid, name, images }: Guest, config?: string): string => {
  const configs = [
    ...new Set([
      ...images.map((image) => `${directoryOf(image)}/xen.cfg`),
      ...(config === undefined ? [] : [config]),
    ]),
  ];
  return `uuid=${uuidWord(uuid)}
name=${quote(name)}
configs=${quote(configs.join('\n'))}
set -- ${images.map(anyPath).join(' ')}
`;
};

/** What the guest is now, for checks: $state is absent, alive, paused, ended (shut down, crashed or dying), several or unknown. */
export const stateNow = `if mine=$(our_domains); then
  case $mine in
    '') state=absent ;;
    *'
'*) state=several ;;
    *' '*d | *' '???s??) state=ended ;;
    *' '??p*) state=paused ;;
    *) state=alive ;;
  esac
else
  state=unknown
fi
[ "$state" != unknown ] || exit 2
`;

export const verdict = (action: ActionOf<'verdict'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `# ${action.name} is stopped: no domain ${action.uuid}, no loop device, no open image, no monitor`,
      // What would start it at the next boot writes nothing now: it is told, and stands against a start, not against being stopped.
      act: `${given(action)}findings=$(still_runs "$@")
case $? in
  0)
    starts_unasked "$@"
    exit 0
    ;;
  10)
    printf '%s\\n' "$findings"
    starts_unasked "$@"
    printf '%s is not stopped here: %s.\\n' "$name" "$(printf '%s' "$findings" | tr '\\n' ';' | sed 's/;/; /g')" >&2
    exit 10
    ;;
esac
fail "Whether $name is stopped here could not be told."`,
      check: null,
    },
    toolstack,
  );

/** The sum as a word of its own, empty where none was noted. */
const sumWord = (sum: string | null): string => {
  if (sum !== null && !/^[0-9a-f]{64}$/.test(sum))
    throw new RenderError(`${JSON.stringify(sum)} is not a SHA-256.`);
  return `'${sum ?? ''}'`;
};

export const checkConfig = (action: ActionOf<'check-config'>, toolstack: Toolstack): Rendered =>
  rendered({
    summary:
      toolstack === 'xl'
        ? `xl create -n ${action.config}`
        : `# xm can't check ${action.config} without starting it`,
    act:
      toolstack === 'xl'
        ? `config=${anyPath(action.config)}
as_reviewed "$config" ${sumWord(action.configSum)}
said=$(timeout -k 5 60 xl create -n "$R$config" </dev/null 2>&1 >/dev/null) || fail "xl does not accept $config: $said"`
        : `config=${anyPath(action.config)}
as_reviewed "$config" ${sumWord(action.configSum)}
echo 'xm can not check a configuration without starting it.'`,
    check: null,
  });

export const shutDown = (action: ActionOf<'shut-down'>, toolstack: Toolstack): Rendered => {
  const seconds = wholeNumber(action.timeoutSeconds);
  const give =
    action.then === 'force'
      ? `printf '%s is destroyed instead.\\n' "$1"
  exit 0`
      : `continue_monitors
  fail "$1 It is left running; if it was asked to shut down, it may still do so."`;
  const ask = toolstack === 'xl' ? 'xl shutdown -F' : 'xm shutdown';
  return rendered(
    {
      summary: `kill -STOP its monitor; ${ask} ${action.name}; wait up to ${seconds} s for state s`,
      act: `${given(action)}give_up() {
  ${give}
}
halt_monitors || { continue_monitors; fail 'Nothing was stopped.'; }
limit=${seconds}
asked=
began=$(date +%s)
while :; do
  mine=$(our_domains) || { continue_monitors; fail 'Whether the guest shuts down can not be told.'; }
  [ -n "$mine" ] || exit 0
  case $mine in
    *'
'*) give_up "There are several domains with the uuid $uuid: $(printf '%s' "$mine" | tr '\\n' ',')." ;;
  esac
  domid=\${mine%% *}
  flags=\${mine#* }
  case $flags in
    *d) exit 0 ;;
    ???ss?)
      continue_monitors
      fail "The domain $domid is suspended: it is being saved or migrated."
      ;;
    ???s??)
      printf 'domain %s has ended, state %s\\n' "$domid" "$flags"
      exit 0
      ;;
    ??p*) give_up "The domain $domid is paused and can't shut down." ;;
  esac
  waited=$(($(date +%s) - began))
  if [ "$waited" -ge "$limit" ]; then
    give_up "The guest has not shut down within ${seconds} s (domain $domid, state $flags)."
  fi
  if [ -z "$asked" ]; then
    asked=1
    ${ask} "$domid" </dev/null || echo 'The toolstack could not pass the request on.' >&2
  fi
  sleep 0.3
done`,
      check: `${given(action)}${stateNow}case $state in
  absent | ended)
    for monitor in $(our_monitors); do
      case $(process_state "$monitor") in '' | T | t | Z) ;; *) exit 11 ;; esac
    done
    exit 0
    ;;
esac
for monitor in $(our_monitors); do
  case $(process_state "$monitor") in T | t) exit 11 ;; esac
done
exit 10`,
    },
    toolstack,
  );
};

export const endDomain = (action: ActionOf<'end-domain'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `${toolstack} destroy ${action.name}; kill -KILL its monitor; sync ${action.images.join(' ')}; verdict`,
      act: `${given(action)}end_domain "$@"
unasked=$(starts_unasked "$@")
[ -z "$unasked" ] || printf '%s\\n' "$unasked"`,
      check: `${given(action)}findings=$(still_runs "$@")
case $? in
  0) ;;
  10) exit 11 ;;
  *) exit 2 ;;
esac
# whoever was interrupted may not have got so far
for image in "$@"; do
  [ ! -e "$R$image" ] || sync "$R$image" || exit 11
done`,
    },
    toolstack,
  );

/** One whose guest has ended: its monitor stays halted, for it might start the guest again by itself. */
export const letGoOn = (action: ActionOf<'let-go-on'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `kill -CONT the monitor of ${action.name}, if the guest still runs`,
      act: `${given(action)}mine=$(our_domains) || fail 'Nothing was done.'
case $mine in
  *'
'*) fail "There are several domains with the uuid $uuid: $(printf '%s' "$mine" | tr '\\n' ','). Which one may go on is for a person to say." ;;
esac
flags=\${mine#* }
case $flags in
  '' | *d | ???s??) printf '%s does not run here any more\\n' "$name" ;;
  *)
    continue_monitors
    printf 'domain %s goes on, state %s\\n' "\${mine%% *}" "$flags"
    ;;
esac`,
      check: `${given(action)}${stateNow}case $state in
  absent | ended) exit 0 ;;
  several) exit 11 ;;
esac
for monitor in $(our_monitors); do
  case $(process_state "$monitor") in T | t) exit 10 ;; esac
done
exit 0`,
    },
    toolstack,
  );

export const putBack = (action: ActionOf<'put-back'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `kill -CONT the monitor of ${action.name}; if the guest has ended: ${toolstack} create ${action.config}`,
      act: `${given(action, action.config)}config=${ownPath(action.config)}
mine=$(our_domains) || fail 'Nothing was done.'
case $mine in
  *'
'*) fail "There are several domains with the uuid $uuid: $(printf '%s' "$mine" | tr '\\n' ','). Which one may go on is for a person to say." ;;
esac
flags=\${mine#* }
case $flags in
  '' | *d | ???s??) ;;
  ??p*)
    if [ -n "$(our_monitors)" ]; then
      continue_monitors
      fail "The domain \${mine%% *} is paused. It was left as it is: unpause it or destroy it by hand."
    fi
    # nobody watches over it: a start that was cut off left it
    ;;
  *)
    continue_monitors
    printf 'domain %s runs on, state %s\\n' "\${mine%% *}" "$flags"
    exit 0
    ;;
esac
real_folder ${ownPath(directoryOf(action.config))}
as_reviewed "$config" ${sumWord(action.configSum)}
(end_domain "$@") || fail 'Its end is not certain, so nothing was started.'
create_domain "$config" ${sumWord(action.configSum)} ''`,
      check: `${given(action, action.config)}${stateNow}case $state in
  alive)
    for monitor in $(our_monitors); do
      case $(process_state "$monitor") in T | t) exit 11 ;; esac
    done
    exit 0
    ;;
esac
# it may be repeated as it is
exit 10`,
    },
    toolstack,
  );

export const startDomain = (action: ActionOf<'start-domain'>, toolstack: Toolstack): Rendered => {
  const option = action.paused ? '-p' : '';
  const watched = toolstack === 'xl' ? '[ -n "$(our_monitors)" ] || exit 11' : ':';
  return rendered(
    {
      summary: `${toolstack} create ${action.paused ? '-p ' : ''}${action.config}`,
      act: `${given(action, action.config)}config=${ownPath(action.config)}
real_folder ${ownPath(directoryOf(action.config))}
as_reviewed "$config" ${sumWord(action.configSum)}
findings=$(free_to_start "$@")
case $? in
  0) ;;
  10) refuse "$name is not stopped here, so it is not started: $findings" ;;
  *) refuse "Whether $name is stopped here could not be told, so it is not started." ;;
esac
create_domain "$config" ${sumWord(action.configSum)} '${option}'`,
      check: `${given(action, action.config)}${stateNow}case $state in
  ${action.paused ? 'paused' : 'alive'})
    # xl's monitor begins when the creation has ended
    ${watched}
    exit 0
    ;;
  absent)
    findings=$(still_runs "$@")
    case $? in
      0) exit 10 ;;
      10) exit 11 ;;
    esac
    exit 2
    ;;
esac
exit 11`,
    },
    toolstack,
  );
};

export const unpauseDomain = (action: ActionOf<'unpause-domain'>, toolstack: Toolstack): Rendered =>
  rendered(
    {
      summary: `${toolstack} unpause ${action.name}`,
      act: `${given(action)}one_domain || refuse "$why"
case $flags in ??p*) ;; *) exit 0 ;; esac
${toolstack} unpause "$domid" </dev/null || fail "${toolstack} unpause $domid failed."
turns=0
while :; do
  one_domain || fail "It was unpaused. $why"
  case $flags in ??p*) ;; *) exit 0 ;; esac
  turns=$((turns + 1))
  [ "$turns" -lt 40 ] || fail "The domain $domid is still paused (state $flags)."
  sleep 0.2
done`,
      check: `${given(action)}${stateNow}case $state in
  alive) exit 0 ;;
  paused) exit 10 ;;
esac
exit 11`,
    },
    toolstack,
  );

export const rebootDomain = (action: ActionOf<'reboot-domain'>, toolstack: Toolstack): Rendered => {
  const seconds = wholeNumber(action.timeoutSeconds);
  return rendered(
    {
      summary: `${toolstack} reboot ${action.name}; wait up to ${seconds} s for its new domain`,
      act: `${given(action)}one_domain || refuse "$why"
old=$domid
${toolstack} reboot "$old" </dev/null || refuse "${toolstack} reboot $old failed."
began=$(date +%s)
while :; do
  if one_domain && [ "$domid" != "$old" ]; then
    case $flags in ??p*) ;; *)
      printf 'was domain %s, is domain %s\\n' "$old" "$domid"
      exit 0
      ;;
    esac
  fi
  [ $(($(date +%s) - began)) -lt ${seconds} ] || break
  sleep 0.3
done
if one_domain; then
  [ "$domid" = "$old" ] || fail "The guest's new domain $domid does not run yet (state $flags)."
  fail "The guest has not restarted within ${seconds} s and still runs as domain $old. It may do so yet."
fi
fail "The guest has not come back within ${seconds} s. $why"`,
      // Nobody can tell afterwards whether a guest that runs was restarted.
      check: `${given(action)}${stateNow}exit 11`,
    },
    toolstack,
  );
};
