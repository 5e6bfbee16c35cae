/** Ganeti's OS definitions of a node, as the probe lists them: by the shell itself, without a process for each. */
import type { OsDefinition } from '../../core/cluster/snapshot.ts';

/** Where they are looked for; of several with one name the first counts. */
const directories = [
  '/srv/ganeti/os',
  '/usr/local/lib/ganeti/os',
  '/usr/lib/ganeti/os',
  '/usr/share/ganeti/os',
];

const scripts = ['create', 'import', 'export', 'rename', 'verify'] as const;

/** Lines of one list, and definitions of one node, that are told: more are a mistake. */
const most = 200;

/** Prints a line "definition PATH" for each, and after it what belongs to it. */
export const osWorker = `os_lines() { # $1 file, $2 word before each of its lines
  [ -f "$1" ] || return
  told=0
  while { IFS= read -r line || [ -n "$line" ]; } && [ "$told" -lt ${most} ]; do
    case $line in '' | '#'*) continue ;; esac
    told=$((told + 1))
    printf '%s %s\\n' "$2" "$line"
  done <"$1" 2>/dev/null
}
os_worker() {
  found=0
  for place in ${directories.join(' ')}; do
    for os in "$R$place"/*/ganeti_api_version; do
      [ -f "$os" ] && [ "$found" -lt ${most} ] || continue
      found=$((found + 1))
      os=\${os%/ganeti_api_version}
      case $os in *'
'*) continue ;; esac
      printf 'definition %s\\n' "\${os#"$R"}"
      os_lines "$os/ganeti_api_version" api
      os_lines "$os/variants.list" variant
      os_lines "$os/parameters.list" parameter
      for script in ${scripts.join(' ')}; do
        if [ -f "$os/$script" ] && [ -x "$os/$script" ]; then printf 'script %s\\n' "$script"; fi
      done
    done
  done >"$t/$1.out"
  : >"$t/$1.done"
}
`;

/** Nothing in a list can pose as anything else: each of its lines has its word before it. */
export const readOsDefinitions = (text: string): OsDefinition[] => {
  const found = new Map<string, OsDefinition>();
  let current: OsDefinition | null = null;
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    const value = line.slice(at + 1).trim();
    if (at < 0 || value === '') continue;
    switch (line.slice(0, at)) {
      case 'definition': {
        const name = value.slice(value.lastIndexOf('/') + 1);
        current = { name, path: value, apiVersions: [], variants: [], parameters: [], scripts: [] };
        // one that an earlier directory has is never reached
        if (!found.has(name)) found.set(name, current);
        break;
      }
      case 'api':
        if (/^\d{1,4}$/.test(value)) current?.apiVersions.push(Number(value));
        break;
      case 'variant':
        current?.variants.push(value);
        break;
      case 'parameter': {
        const [, name = '', about = ''] = /^(\S+)\s*(.*)$/.exec(value) ?? [];
        current?.parameters.push({ name, text: about });
        break;
      }
      case 'script':
        current?.scripts.push(value);
        break;
    }
  }
  return [...found.values()];
};
