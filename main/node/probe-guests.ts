/**
 * Configurations of guests in /etc/xen and /etc/xen/auto, those that libvirt keeps, and those of saved domains, as the probe lists them:
 * who they are, and which files they name. What lies in auto, or was saved, is started by xendomains as the node boots, and what libvirt
 * has to start at boot by that, whatever a record says.
 */
import path from 'node:path';
import { setAsideMark } from '../../core/cluster/other-configs.ts';
import type { GuestConfig, OpenFacts } from '../../core/cluster/snapshot.ts';
import { namedFiles } from './shell/named-files.ts';

/** Bytes of a configuration; what is longer is none. */
const longest = 262144;
/** Files of one directory that are read: more are no configurations. */
const most = 2000;

/**
 * The files are read by one awk, and what they name is looked at by one stat. A word before each line, so that no content can pose as
 * anything else. On a node that is a directory of this machine, absolute links lead into that directory.
 */
export const guestsWorker = `guests_worker() {
  set --
  for config in "$R"/etc/xen/auto/* "$R"/etc/xen/* "$R"/etc/libvirt/libxl/autostart/*.xml "$R"/etc/libvirt/libxl/*.xml; do
    [ "$#" -lt ${2 * most} ] || break
    from=$config
    if [ -n "$R" ] && [ -L "$config" ]; then
      from=$(readlink "$config")
      case $from in "$R"/*) ;; /*) from=$R$from ;; *) from=$config ;; esac
    fi
    case $config in *'
'* | *\\\\*) continue ;; "$R"/etc/xen/auto/*) ;; *${setAsideMark}*) continue ;; esac
    [ -f "$from" ] || continue
    set -- "$@" "is=\${config#"$R"}" "$from"
  done
  : >"$t/guests.out"
  [ $# -eq 0 ] || printf '%s\\0' "$@" | xargs -0 -r -n 200 timeout -k 1 20 awk -v "longest=${longest}" '${namedFiles}
    FNR == 1 { printf "config %s\\n", is; length_of = 0 }
    (length_of += length($0) + 1) > longest { next }
    substr(is, 1, 13) == "/etc/libvirt/" {
      if (match($0, /<uuid>[0-9A-Fa-f-]+</)) print "uuid \\"" substr($0, RSTART + 6, RLENGTH - 7) "\\""
      if (match($0, /<name>[^<]+</)) print "name \\"" substr($0, RSTART + 6, RLENGTH - 7) "\\""
      gsub(/&amp;/, "\\\\&")
      named_in($0)
      next
    }
    substr(is, 1, 14) != "/etc/xen/auto/" { print "text " $0 }
    /^[ \\t]*#/ { next }
    {
      if (match($0, /uuid[ \\t]*=[ \\t]*["\\047][0-9A-Fa-f-]+["\\047]/)) print "uuid " substr($0, RSTART, RLENGTH)
      if (match($0, /name[ \\t]*=[ \\t]*["\\047][^"\\047]+["\\047]/)) print "name " substr($0, RSTART, RLENGTH)
      named_in($0)
    }' 2>/dev/null >>"$t/guests.out"
  # a saved domain is started as well; its configuration is at the head of the file
  for config in "$R"/var/lib/xen/save/*; do
    [ -f "$config" ] || continue
    case $config in *'
'* | *\\*) continue ;; esac
    printf 'config %s\\n' "\${config#"$R"}"
    timeout -k 1 8 head -c 65536 "$config" 2>/dev/null | tr '\\000' '\\n' |
      grep -aoE '"(pdev_path|uuid|name)": *"[^"]*"' | sed -n 's/^"pdev_path": *"\\(.*\\)"$/file \\1/p; s/^"uuid": *\\(.*\\)$/uuid \\1/p; s/^"name": *\\(.*\\)$/name \\1/p'
  done >>"$t/guests.out"
  sed -n 's/^file //p; s/^perhaps //p' "$t/guests.out" | sort -u | while IFS= read -r path; do printf '%s\\0' "$R$path"; done |
    xargs -0 -r stat -L -c 'is %d:%i %n' 2>/dev/null >"$t/guests.ids"
  cat "$t/guests.ids" >>"$t/guests.out"
  find "$R/etc/xen" "$R/etc/xen/auto" "$R/etc/libvirt/libxl/autostart" -maxdepth 1 -type l -printf 'link %p\\t%l\\n' 2>/dev/null >>"$t/guests.out"
  : >"$t/guests.done"
}
`;

/** Which of the files that they name are told: those that the storage directories hold. */
type Known = { has: (file: Pick<OpenFacts, 'device' | 'inode'>) => boolean; below: readonly string[] };

/** Where libvirt keeps links to what it starts at boot. */
const libvirtAuto = '/etc/libvirt/libxl/autostart/';

const quoted = (text: string): string => /["']([^"']+)["']/.exec(text)?.[1] ?? '';

/** An absolute path, or one beside the link. */
const leadsTo = (link: string, target: string): string =>
  path.posix.resolve(path.posix.dirname(link), target);

type Reading = Omit<GuestConfig, 'files' | 'text'> & {
  /** By path: whether it is named by the rules of xl, or only if there is such a file. */
  named: Map<string, 'file' | 'perhaps'>;
  lines: string[];
};

/** @param root of a node that is a directory of this machine; else '' */
export const readGuestConfigs = (text: string, root: string, known: Known): GuestConfig[] => {
  const logical = (path: string): string =>
    root !== '' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
  const found = new Map<string, Reading>();
  const ids = new Map<string, { device: number; inode: number }>();
  const links = new Map<string, string>();
  let current: Reading | null = null;
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    const value = line.slice(at + 1);
    switch (line.slice(0, at)) {
      case 'config':
        current = {
          path: value,
          atBoot: ['/etc/xen/auto/', '/var/lib/xen/save/', libvirtAuto].some((each) =>
            value.startsWith(each),
          ),
          leadsTo: null,
          names: [],
          uuids: [],
          named: new Map(),
          lines: [],
        };
        found.set(value, current);
        break;
      case 'text':
        current?.lines.push(value);
        break;
      case 'uuid':
        current?.uuids.push(quoted(value).toLowerCase());
        break;
      case 'name':
        current?.names.push(quoted(value));
        break;
      case 'file':
        current?.named.set(value, 'file');
        break;
      case 'perhaps':
        if (current?.named.has(value) === false) current.named.set(value, 'perhaps');
        break;
      case 'is': {
        const [, device, inode, file = ''] = /^(\d+):(\d+) (\/.*)$/.exec(value) ?? [];
        ids.set(logical(file), { device: Number(device), inode: Number(inode) });
        break;
      }
      case 'link': {
        const [link = '', target = ''] = value.split('\t');
        links.set(logical(link), logical(leadsTo(logical(link), target)));
        break;
      }
    }
  }
  return [...found.values()].flatMap(({ named, lines, ...config }) => {
    const files = [...named].flatMap(([path, how]) => {
      const id = ids.get(path) ?? null;
      if (id === null && how === 'perhaps') return [];
      return (id !== null && known.has(id)) || known.below.some((each) => path.startsWith(`${each}/`))
        ? [{ path, id }]
        : [];
    });
    // a file of another kind says nothing about a guest
    return config.atBoot || config.uuids.length > 0 || files.length > 0
      ? [
          {
            ...config,
            leadsTo: links.get(config.path) ?? null,
            files,
            ...(files.length > 0 && lines.length > 0 && { text: `${lines.join('\n')}\n` }),
          },
        ]
      : [];
  });
};
