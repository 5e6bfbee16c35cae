/** What every exported script is made of beside its steps: how a part begins and ends, and what is told when a step fails. */

/** How long, s, what a part has seen on its node counts for the next one. */
const freshSeconds = 900;

/** Functions of a script; it sets $script_id before them. All names begin with `script_`, for the steps have names of their own. */
export const runtime = `script_book=$R/var/lib/vbdesk/scripts/$script_id
script_data=-
script_last=0
script_asked=
script_claimed=
script_guest=
script_half=
script_boot=/proc/sys/kernel/random/boot_id
[ -z "$R" ] || script_boot=$R/boot_id

script_say() { printf '%s\\n' "$*" || :; }

script_log() { # $1 how it stands: a line in the system's log, as VBDesk leaves one for its runs
  command -v logger >/dev/null 2>&1 || return 0
  timeout 5 logger -t vbdesk -- "\${SUDO_USER:-$(id -un)}@$(uname -n), by a script: $script_title: part $script_part $1 (run $script_id)" </dev/null >/dev/null 2>&1 || :
}

script_stop() { # $1 exit code, then lines
  script_code=$1
  shift
  printf '%s\\n' "$@" >&2 || :
  exit "$script_code"
}

script_sum() { printf '%s %s' "$script_id" "$1" | sha256sum | cut -c 1-10; }

script_word() { # $1 what has ended: the word by which the next part knows it, and what it needs to know of it
  script_told=$script_data
  [ ! -s "$script_book/data" ] || script_told=$script_told,$(sort -u "$script_book/data" | tr '\\n' ',' | sed 's/,$//')
  script_text=$1.$(date +%s).$script_told
  printf '%s.%s\\n' "$script_text" "$(script_sum "$script_text")"
}

script_accept() { # $1 word, $2 what must have ended, $3 where, $4 number of the first piece here, or nothing when it may be of any age
  case $1 in
    '') script_stop 2 "This part needs the word that the part before it ($2, on $3) printed in its end, as in: sh $0 NODE PART WORD" ;;
    *[!A-Za-z0-9.,=:-]*) script_stop 2 'That is no word of this script. Give it exactly as it was printed.' ;;
  esac
  script_text=\${1%.*}
  [ "$(script_sum "$script_text")" = "\${1##*.}" ] || script_stop 2 'That is no word of this script, or it was not copied whole. Give it exactly as it was printed.'
  [ "\${1%%.*}" = "$2" ] || script_stop 2 "That is the word of part \${1%%.*}, and this part follows part $2 (on $3). Nothing was done."
  script_text=\${script_text#*.}
  script_age=$(($(date +%s) - \${script_text%%.*}))
  script_data=\${script_text#*.}
  [ -n "$4" ] || return 0
  # what a change that is done here rests on was seen before it
  [ "$(awk -v first="$4" '$1 == "done" && $2 + 0 >= first { found++ } END { print found + 0 }' "$script_book/steps")" -eq 0 ] || return 0
  if [ "$script_age" -gt ${freshSeconds} ]; then
    script_stop 3 "Part $2 ended on $3 $((script_age / 60)) minutes ago, and what it saw there may not be so any more. Nothing was done here." \\
      "Repeat part $2 on $3 with the command by which it was run: it looks again, does nothing a second time, and prints a new word."
  fi
  [ "$script_age" -ge -120 ] || script_stop 3 "By this node's clock, part $2 ends in $((-script_age)) seconds: the clocks of this node and of $3 differ. Set them right. Nothing was done here."
}

script_value() { # $1 name: what an earlier part told
  { printf '%s\\n' "$script_data" | tr ',' '\\n'; cat "$script_book/data" 2>/dev/null || :; } | sed -n "s/^$1=//p" | tail -n 1 | tr : ' '
}

script_born() { # $1 process: when it began, and in which boot; nothing when there is none
  { sed 's/^.*) //' "/proc/$1/stat" | cut -d ' ' -f 20 && cat "$script_boot"; } 2>/dev/null | tr '\n' ' ' | sed 's/ $//'
}

script_begin() { # $1 part, $2 node, $3 its host name
  script_part=$1
  script_node=$2
  if [ -n "$R" ]; then read -r script_host <"$R/etc/hostname"; else script_host=$(uname -n); fi
  [ "$script_host" = "$3" ] || script_stop 2 "This is $script_host, and part $1 is for $2, whose host name is $3. Nothing was done."
  [ -n "$R" ] || [ "$(id -u)" -eq 0 ] || script_stop 2 'This has to be run as root. Nothing was done.'
  mkdir -p "$script_book" || script_stop 73 "$script_book can not be made. Nothing was done."
  exec 9>"$script_book/live"
  flock -n 9 || script_stop 75 'This script is at work on this node already. Nothing was done.'
  if [ -s "$script_book/worker" ]; then
    read -r script_pid script_then <"$script_book/worker"
    [ "$(script_born "$script_pid")" != "$script_then" ] || script_stop 75 "A step of this script that was cut off is still at work here (process $script_pid). Wait until it has ended, then give the same command again. Nothing was done."
  fi
  : >>"$script_book/steps"
  script_last=$(awk '$1 == "begun" && $2 + 0 > last { last = $2 + 0 } END { print last + 0 }' "$script_book/steps")
  trap script_asked=yes INT TERM
  trap '' HUP
  trap script_leave EXIT
}

script_forward() { # $1 number of the last piece of this part
  [ ! -e "$script_book/undone" ] || script_stop 73 'What this script did is being taken back, or was. It does nothing any more: export a new one.'
  # what was cut off in its middle: either it is done, or what it rests on has to be seen again
  if [ "$script_last" -gt 0 ] && ! grep -qx "done $script_last" "$script_book/steps"; then
    script_run "check_$script_last"
    case $script_code in
      0) script_note "done $script_last" ;;
      10) script_last=$(awk '$1 == "done" && $2 + 0 > last { last = $2 + 0 } END { print last + 0 }' "$script_book/steps") ;;
    esac
  fi
  [ "$script_last" -le "$1" ] || script_stop 73 "A later part of this script was begun on this node already, so part $script_part is over. Nothing was done."
  script_say "Part $script_part, on $script_node:"
}

script_down() { # $1 node, $2 how it was known to be down when the plan was made
  case " \${STILL_DOWN:-} " in *" $1 "*) return 0 ;; esac
  script_stop 2 "This plan rests on the word that $1 is down (\\"$2\\"). If it runs, two nodes write to one disk. Look once more; when it is down, say so:" \\
    "  STILL_DOWN='$script_all_down' sh $0 $script_node $script_part …"
}

script_claim() { # $1 run: a VBDesk that is asked to break its lock sees that something of it is at work here
  script_let_go
  # of an attempt that was cut off, of which nothing is at work any more
  rm -rf "$R/var/lib/vbdesk/jobs/$1"/script-*
  script_claimed=$R/var/lib/vbdesk/jobs/$1/script-$$
  mkdir -p "$script_claimed"
  exec 8>"$script_claimed/live"
  flock -n 8 && mkdir "$script_claimed/claim" || script_stop 75 "Somebody else looks after the run $1 on this node. Nothing was done."
  { cat "$script_boot"; sed 's/^.*) //' /proc/$$/stat | cut -d ' ' -f 4; } >"$script_claimed/claim/by"
}

script_let_go() {
  [ -n "$script_claimed" ] || return 0
  exec 8>&-
  rm -rf "$script_claimed"
  rmdir "\${script_claimed%/*}" 2>/dev/null || :
  script_claimed=
}

script_leave() {
  script_let_go
  rm -f "$R/run/vbdesk-secret.$script_id".*
}

script_run() { # $1 function: its exit code is in $script_code, what it printed in the files out and err
  script_code=0
  (
    # a step judges each command itself, and once begun it is not cut off in its middle
    set +eu
    trap '' HUP INT TERM
    trap - EXIT
    # who cuts this script off, leaves the step at work
    script_pid=$(exec sh -c 'echo "$PPID"')
    printf '%s %s\n' "$script_pid" "$(script_born "$script_pid")" >"$script_book/worker"
    exec </dev/null >"$script_book/out" 2>"$script_book/err" 8>&- 9>&-
    "$1"
  ) || script_code=$?
  : >"$script_book/worker"
}

script_note() {
  printf '%s\\n' "$*" >>"$script_book/steps" && sync "$script_book/steps" ||
    script_stop 1 "$script_book/steps can not be written, without which nobody knows what was done. Is the file system full?"
}

script_heading() { script_say "  $1  $2"; }

script_output() { sed 's/^/       /' "$script_book/out" "$script_book/err" || :; }

script_mind() {
  [ -z "$script_asked" ] || script_stop 130 "Stopped before step $1, as you asked. $script_guest" \\
    'State now: what was said above to be done is done, and nothing else.' "$(script_way "$2")"
}

script_way() { # $1 number of the last piece that may have changed something: what can be done now
  script_to=$(script_undo_at "$1")
  printf 'What to do: mend the cause, then give the same command again: what was done is not done twice.\\n'
  case $script_to in
    '') printf 'Nothing that was done so far has to be taken back.\\n' ;;
    forward) printf 'It can not be taken back: the point of no return has passed, so this script only goes forward.\\n' ;;
    *)
      script_data=u=$1
      : >"$script_book/data"
      printf 'Or take back all that was done: on %s, sh %s %s %s\\n' "\${script_to%% *}" "$0" "$script_to" "$(script_word back)"
      ;;
  esac
}

script_failed() { # $1 number of the last piece that may have changed something, $2 step, $3 title, $4 command, $5 state of the step
  script_log "failed in step $2"
  script_stop 1 '' "Step $2 failed on $script_node: \\"$3\\"" "Command: $4" \\
    "It said: $(cat "$script_book/err" "$script_book/out" | tail -n 40) (exit code $script_code)" \\
    "State now: $5 $script_guest" "$(script_way "$1")"
}

script_look() { # $1 number, $2 step, $3 title, $4 command
  script_mind "$2" "$(($1 - 1))"
  script_heading "$2" "$3"
  # what a change that was begun rests on was seen before it
  [ "$1" -gt "$script_last" ] || { script_say '       seen before'; return 0; }
  script_run "act_$1"
  [ "$script_code" -eq 0 ] || script_failed "$(($1 - 1))" "$2" "$3" "$4" 'this step only looks, so it changed nothing.'
  script_output
}

script_change() { # $1 number, $2 step, $3 title, $4 command, $5 "runs" when it may have failed only in what it says, "again" when it is done anew while nothing follows
  script_mind "$2" "$(($1 - 1))"
  script_heading "$2" "$3"
  if grep -qx "done $1" "$script_book/steps" && { [ "$5" != again ] || [ "$script_last" -ne "$1" ]; }; then script_say '       done before'; return 0; fi
  script_again=
  if grep -qx "begun $1" "$script_book/steps"; then
    script_again=yes
    script_run "check_$1"
    case $script_code in
      0) script_note "done $1"; script_say '       done before'; return 0 ;;
      10) ;;
      *) script_half=yes; script_failed "$1" "$2" "$3" "$4" 'this step was begun before, and is half done, or that can not be told.' ;;
    esac
  fi
  script_run "guard_$1"
  [ "$script_code" -eq 0 ] || script_failed "$(($1 - 1))" "$2" "$3" "$4" 'this step was not begun.'
  script_note "begun $1"
  script_run "act_$1"
  case $script_code in
    0) script_note "done $1"; script_output; return 0 ;;
    73 | 75 | 77) [ -n "$script_again" ] || script_failed "$(($1 - 1))" "$2" "$3" "$4" 'this step refused before it had changed anything.' ;;
  esac
  script_act=$script_code
  mv "$script_book/out" "$script_book/act.out"
  mv "$script_book/err" "$script_book/act.err"
  script_run "check_$1"
  script_found=$script_code
  script_code=$script_act
  mv "$script_book/act.out" "$script_book/out"
  mv "$script_book/act.err" "$script_book/err"
  case $script_found in
    0)
      if [ "$5" = runs ] || [ -n "$script_again" ]; then script_note "done $1"; script_output; return 0; fi
      script_half=yes
      script_failed "$1" "$2" "$3" "$4" 'this step seems to have done its work all the same.'
      ;;
    10) script_failed "$(($1 - 1))" "$2" "$3" "$4" 'this step has changed nothing.' ;;
    *) script_half=yes; script_failed "$1" "$2" "$3" "$4" 'this step is half done, or that can not be told.' ;;
  esac
}

script_back() { # $1 number of the piece that it takes back, $2 step, $3 title, $4 command, $5 number of its functions
  [ "$1" -le "$(script_value u)" ] || return 0
  [ -z "$script_asked" ] || script_stop 130 "Stopped before step $2, as you asked." 'What to do: give the same command again. Taking back may be repeated.'
  script_heading "$2" "$3"
  for script_what in guard act; do
    script_run "\${script_what}_$5"
    [ "$script_code" -eq 0 ] || script_stop 4 '' "Step $2 failed on $script_node: \\"$3\\"" "Command: $4" \\
      "It said: $(cat "$script_book/err" "$script_book/out" | tail -n 40) (exit code $script_code)" \\
      'State now: what was taken back before it is as it was before the plan; the rest is not. Nothing further was done.' \\
      'What to do: mend the cause, then give the same command again. Taking back may be repeated.'
  done
  script_output
}

script_end() { # $1 what is said when nothing follows
  script_log 'is done'
  script_say ''
  script_say "$1"
}

script_next() { # $1 part that ended, $2 node and part that follow
  script_log 'is done'
  script_made=$(script_word "$1")
  script_say ''
  script_say "Part $1 is done. Next, on \${2%% *}:"
  script_say "  sh $0 $2 $script_made"
}

script_entry() { # $1 part, $2 word: of the part that failed, from which on it is taken back
  script_accept "$2" back 'the node of the part that failed' ''
  script_half=yes
  [ "$(script_undo_at "$(script_value u)")" = "$script_node $1" ] || script_stop 2 "What was done is not taken back from part $1 on. Give the command as it was printed. Nothing was done."
}

script_secret() { # $1 number, then names of variables: asked for where the environment has none, and kept only in memory, for its step
  VBDESK_SECRET=$R/run/vbdesk-secret.$script_id.$1
  script_number=$1
  shift
  ! grep -qx "done $script_number" "$script_book/steps" || return 0
  mkdir -p "$R/run"
  rm -f "$VBDESK_SECRET"
  (set -C && : >"$VBDESK_SECRET")
  export VBDESK_SECRET
  for script_name in "$@"; do
    eval "script_given=\\\${$script_name-}"
    if [ -z "$script_given" ]; then
      { printf '%s (it is not shown): ' "$script_name" >/dev/tty && stty -echo </dev/tty; } 2>/dev/null ||
        { rm -f "$VBDESK_SECRET"; script_stop 2 "The value of $script_name is needed: give it in the environment, or run this at a terminal. Nothing was done by this step."; }
      IFS= read -r script_given </dev/tty || :
      stty echo </dev/tty
      echo >/dev/tty
    fi
    printf "export %s='%s'\\n" "$script_name" "$(printf '%s' "$script_given" | sed "s/'/'\\\\\\\\''/g")" >>"$VBDESK_SECRET"
    script_given=
    unset "$script_name"
  done
}
`;
