/**
 * Detached jobs: how a step that changes something runs on its node at most once (SAFETY "The job: at most once, then look").
 *
 *     J = /var/lib/vbdesk/jobs/<run>/<job>/
 *         script  guard  runner     written first, synced, renamed: preparing may be repeated
 *         live                      flocked by the runner for as long as it lives
 *         claim/                    made by the runner before anything else, or by a looker: then the job is void for ever
 *         out  err  rc              what it printed, and its exit code once it has ended
 *
 * A secret that a script needs lies in none of these, but in a file of mode 0600 in /run, which is memory: the script unlinks it
 * when it has read it, the runner when it has ended, and a looker when the job will never run.
 */
import { prelude } from '../node/prelude.ts';
import { quote } from '../node/quote.ts';

export type JobName = { run: string; job: string };

/** What became of a job. `void`: it never ran and never will. `interrupted`: it began and ended without an exit code. */
export type JobState =
  | { state: 'ended'; code: number; stdout: string; stderr: string }
  | { state: 'running'; stdout: string; stderr: string }
  | { state: 'void' }
  | { state: 'interrupted'; stdout: string; stderr: string };

/** Bytes of each stream that travel back; the rest stays on the node. */
const outputLimit = 65536;

const directory = ({ run, job }: JobName): string => {
  if (!/^[a-z0-9]{1,64}$/.test(run) || !/^[a-z0-9.-]{1,64}$/.test(job))
    throw new Error(`not a job: ${run}/${job}`);
  return `"$R"/var/lib/vbdesk/jobs/${run}/${job}`;
};

/**
 * The runner's own text. It is under setsid, so that no hang-up of the login reaches it. `9>&-` for the children matters:
 * else xl's monitor, which outlives the job, would keep the flock for the guest's whole life.
 */
const runner = `[ -z "\${VBDESK_SECRET:-}" ] || trap 'rm -f "$VBDESK_SECRET"' EXIT
cd "$1" || exit 1
exec 9>live && flock 9 || exit 1
mkdir claim 2>/dev/null || exit 0
# without these two lines nobody could tell later whether this still runs, so without them nothing begins
read -r boot < "$VBDESK_BOOT_ID" && printf '%s\\n%s\\n' "$boot" "$$" > claim/by && sync claim/by || exit 1
{ read -r boot && read -r session && [ "$session" = "$$" ]; } < claim/by || exit 1
if /bin/sh guard </dev/null >out 2>err 9>&-; then
  /bin/sh script </dev/null >out 2>err 9>&-
  rc=$?
else
  rc=77
fi
echo "$rc" > rc.tmp && sync rc.tmp && mv -T rc.tmp rc
`;

const bootId =
  'if [ -n "$R" ]; then VBDESK_BOOT_ID=$R/boot_id; else VBDESK_BOOT_ID=/proc/sys/kernel/random/boot_id; fi; export VBDESK_BOOT_ID\n';

/** sh functions for looking: prints one line with the state, then the output, each stream behind a line with its length. */
const lookFunctions = `
session_lives() {
  # a process of the runner's session (6th field of stat, counted behind the last bracket of the command name)
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^.*) //' | awk -v s="$1" '$4 == s && $1 != "Z" { found = 1 } END { exit !found }'
}
job_streams() {
  for job_stream in out err; do
    if [ -s "$J/$job_stream" ]; then
      job_size=$(wc -c <"$J/$job_stream")
      [ "$job_size" -le ${outputLimit} ] || job_size=${outputLimit}
      printf '%s %s\\n' "$job_stream" "$job_size"
      head -c "$job_size" "$J/$job_stream"
      echo
    else
      printf '%s 0\\n\\n' "$job_stream"
    fi
  done
}
job_forget() {
  # what the job was to read, and now never will
  job_run=\${J%/*}
  rm -f "$R/run/vbdesk-secret.\${job_run##*/}.\${J##*/}"
}
job_look() {
  # absence is judged by trying: whoever makes the claim decides
  mkdir -p "$J" || exit 90
  if [ ! -f "$J/rc" ] && mkdir "$J/claim" 2>/dev/null; then job_forget; echo 'state void'; return; fi
  if [ -f "$J/rc" ]; then echo "state ended $(cat "$J/rc")"; job_streams; return; fi
  if [ -e "$J/live" ] && ! flock -n "$J/live" true; then echo 'state running'; job_streams; return; fi
  if [ -f "$J/rc" ]; then echo "state ended $(cat "$J/rc")"; job_streams; return; fi
  # claimed by a looker, or by a runner that died before it had said who it is: the script never began and never will
  if [ ! -f "$J/claim/by" ] || [ "$(wc -l < "$J/claim/by")" -lt 2 ]; then job_forget; echo 'state void'; return; fi
  if [ "$(sed -n 1p "$J/claim/by")" = "$(cat "$VBDESK_BOOT_ID")" ] && session_lives "$(sed -n 2p "$J/claim/by")"; then
    echo 'state running'; job_streams; return
  fi
  if [ -f "$J/rc" ]; then echo "state ended $(cat "$J/rc")"; job_streams; return; fi
  job_forget; echo 'state interrupted'; job_streams
}
job_wait() {
  # up to $1 twentieths of a second
  job_turns=0
  while [ ! -f "$J/rc" ] && [ "$job_turns" -lt "$1" ]; do sleep 0.05; job_turns=$((job_turns + 1)); done
}
`;

/** All of them written and synced before the first one gets its name, in the order given. */
const put = (files: readonly (readonly [name: string, content: string])[]): string => {
  const temporary = (name: string): string => `"$J/${name}.tmp.$$"`;
  const commands = [
    ...files.map(([name, content]) => `printf '%s' ${quote(content)} > ${temporary(name)}`),
    `sync ${files.map(([name]) => temporary(name)).join(' ')}`,
    ...files.map(([name]) => `mv -T ${temporary(name)} "$J/${name}"`),
  ];
  return `{ ${commands.join(' &&\n')}; } || exit 90\n`;
};

/** By a builtin, so that it is no process's argument; the umask of the prelude makes the file 0600, and `set -C` makes it a new one. */
const putSecret = ({ run, job }: JobName, secret: string): string =>
  `VBDESK_SECRET="$R/run/vbdesk-secret.${run}.${job}"
mkdir -p "$R/run" && rm -f "$VBDESK_SECRET"
(set -C && printf '%s' ${quote(secret)} >"$VBDESK_SECRET") || exit 90
export VBDESK_SECRET
`;

/**
 * Prepares the job, starts it detached, waits up to `waitMs` and looks. Safe to send again only after a look said void, and
 * then under a new job name.
 */
export const launchScript = (
  name: JobName,
  job: {
    script: string;
    guard: string;
    /** what the script reads from the file VBDESK_SECRET; none: there is no such file */
    secret?: string | null;
  },
  waitMs: number,
): string =>
  [
    prelude,
    bootId,
    `J=${directory(name)}\n`,
    lookFunctions,
    'mkdir -p "$J" || exit 90\n',
    'if [ ! -f "$J/runner" ]; then\n',
    put([
      ['script', `${prelude}\n${job.script}`],
      ['guard', `${prelude}\n${job.guard}`],
      ['runner', runner],
    ]),
    'sync "$J"\nfi\n',
    job.secret === undefined || job.secret === null ? '' : putSecret(name, job.secret),
    // KillUserProcesses=yes ends what a user's login left behind; KillMode=process spares the guest's monitor when the job ends
    'if [ -d /run/systemd/system ] && grep -qs "^KillUserProcesses=yes" /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf && command -v systemd-run >/dev/null; then\n',
    `systemd-run --quiet --collect -p KillMode=process -E VBDESK_BOOT_ID="$VBDESK_BOOT_ID" \${VBDESK_SECRET:+-E VBDESK_SECRET="$VBDESK_SECRET"} --unit=vbdesk-${name.run}-${name.job} /bin/sh "$J/runner" "$J" </dev/null >/dev/null 2>&1 || exit 91\n`,
    `job_wait ${Math.max(1, Math.round(waitMs / 50))}\n`,
    // The runner prints nothing, and what it starts writes elsewhere: this pipe ends when it ends, which costs less than asking again
    // and again. Whoever waits behind it gives up in time, which is nothing to the runner.
    `else\n{\nsetsid /bin/sh "$J/runner" "$J" </dev/null 2>/dev/null &\n} | timeout ${Math.max(50, waitMs) / 1000} cat >/dev/null\nfi\n`,
    // not job_look: a claim made here would make void what was only just started
    'if [ -f "$J/rc" ]; then job_code=; read -r job_code < "$J/rc"; echo "state ended $job_code"; else echo "state running"; fi\njob_streams\n',
  ].join('');

/** What became of the job, after waiting up to `waitMs` for its end. Makes it void when it never began. */
export const lookScript = (name: JobName, waitMs: number): string =>
  [
    prelude,
    bootId,
    `J=${directory(name)}\n`,
    lookFunctions,
    waitMs > 0 ? `[ -d "$J/claim" ] && job_wait ${Math.round(waitMs / 50)}\n` : '',
    'job_look\n',
  ].join('');

const runName = (run: string): string => {
  if (!/^[a-z0-9]{1,64}$/.test(run)) throw new Error(`not a run: ${run}`);
  return run;
};

/** A look: exit 0 when each job of the run has ended or never will begin (it is made void here), 10 when one is running. */
export const jobsEndedScript = (run: string): string =>
  [
    bootId,
    lookFunctions,
    'acting=0\n',
    `for J in "$R"/var/lib/vbdesk/jobs/${runName(run)}/*/; do\n`,
    'J=${J%/}\n[ -d "$J" ] || continue\n',
    'job_state=$(job_look | head -n 1)\n',
    'printf "%s: %s\\n" "${J##*/}" "$job_state"\n',
    'case $job_state in "state ended "* | "state void" | "state interrupted") ;; *) acting=1 ;; esac\n',
    'done\n',
    `[ "$acting" -eq 0 ] || { echo "A job of the run ${run} is still at work here." >&2; exit 10; }\n`,
  ].join('');

/**
 * Removes the run's job directories; only for a run of which every step has ended or is void and no lock is held. A void job
 * keeps its claim for a day: the launch that it forestalled may still be on its way.
 */
export const collectScript = (run: string): string => `${prelude}
cd "$R/var/lib/vbdesk/jobs" 2>/dev/null || exit 0
for job in ${runName(run)}/*/; do
  [ -d "$job" ] || continue
  if [ -d "$job/claim" ] && [ ! -e "$job/claim/by" ]; then
    find "$job" -mindepth 1 -maxdepth 1 -type f -delete
  else
    rm -rf --one-file-system -- "$job"
  fi
done
find . -mindepth 3 -maxdepth 3 -type d -name claim -empty -mtime +0 -printf '%h\\n' | while IFS= read -r job; do
  rm -rf --one-file-system -- "$job"
  rmdir "\${job%/*}" 2>/dev/null
done
rmdir ${run} 2>/dev/null
rm -f "$R"/run/vbdesk-secret.${run}.*
exit 0
`;

/** Reads what launchScript and lookScript print. Throws when it is not that. */
export const readJobState = (output: Buffer): JobState => {
  let offset = 0;
  const line = (): string => {
    const end = output.indexOf(0x0a, offset);
    if (end < 0)
      throw new Error(`the job's answer was cut off: ${JSON.stringify(output.subarray(0, 200).toString())}`);
    const text = output.subarray(offset, end).toString();
    offset = end + 1;
    return text;
  };
  const stream = (name: string): string => {
    const match = /^(out|err) +(\d+)$/.exec(line());
    if (!match || match[1] !== name) throw new Error(`the job's answer has no stream ${name}`);
    const size = Number(match[2]);
    const text = output.subarray(offset, offset + size).toString();
    offset += size + 1;
    return text;
  };
  const [word, state, code] = line().split(' ');
  if (word !== 'state') throw new Error('the answer does not begin with the state of the job');
  if (state === 'void') return { state };
  const stdout = stream('out');
  const stderr = stream('err');
  if (state === 'running' || state === 'interrupted') return { state, stdout, stderr };
  if (state === 'ended' && code !== undefined && /^\d+$/.test(code))
    return { state, code: Number(code), stdout, stderr };
  throw new Error(`unknown state of the job: ${state}`);
};
