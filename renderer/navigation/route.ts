/** Where the window is, as data and as the address behind `#`. */
import { SIDES, type Side } from '../../core/plan/instance/sides.ts';

export type ReviewKind =
  | 'start'
  | 'stop'
  | 'reboot'
  | 'remove'
  | 'cleanup'
  | 'claim'
  | 'compare'
  | 'unlock'
  | 'restore';

export type CopyKind = 'clone' | 'move' | 'replicate' | 'rename' | 'discard';

/** `snapshots` makes, reverts and deletes them; `export` is that of its OS definition; `release` lets a kept file go. */
export type DiskTask = 'grow' | 'convert' | 'snapshots' | 'export' | 'remove' | 'add' | 'release';

/** What is done with an image, whoever owns it. */
export type ImageTask = 'copy' | 'convert';

/** Which images are shown at first. */
export type ImagesShown = 'orphans' | 'open' | 'qcow2' | 'replicas';

export type Route =
  | { view: 'overview' }
  | { view: 'instances' }
  | { view: 'instance'; instance: string }
  | { view: 'images'; only?: ImagesShown }
  /** `node`: through which the image is read */
  | { view: 'image'; task: ImageTask; node: string; path: string }
  /** `image`: what disk 0 shall be a converted copy of, on that node */
  | { view: 'create'; from?: { node: string; image: string } }
  /** a Ganeti cluster's config.data */
  | { view: 'import' }
  /** `paths`: the folder that becomes an instance, or images chosen one by one, in the order of the disks */
  | { view: 'adopt'; node: string; paths: string[] }
  /** a guest made by hand; `by`: its file in /etc/xen, or the uuid of its domain */
  | { view: 'adopt-guest'; node: string; by: string }
  /** `live`: migrated while it runs */
  | { view: 'failover'; instance: string; live?: true }
  | { view: 'copy'; kind: CopyKind; instance: string }
  | { view: 'review'; kind: ReviewKind; subject: string }
  /** `item`: the disk's number, or the name of a file; may be empty when a disk is added */
  | { view: 'disk'; instance: string; task: DiskTask; item: string }
  /** `take`: the side that counts where record, xen.cfg and the running guest disagree; else it is edited */
  | { view: 'config'; instance: string; take?: Side }
  | { view: 'trash' }
  /** folders in the trash that are deleted for good, each as NODE:PATH */
  | { view: 'purge'; folders: string[] }
  /** an image that nobody owns, or a folder of them, that goes into the trash */
  | { view: 'remove-image'; node: string; path: string }
  | { view: 'drafts' }
  /** a draft by its file; `as`: the text of the file */
  | { view: 'draft'; path: string; as?: 'text' }
  /** a change of it, in the dialog that it was made in */
  | { view: 'draft-change'; path: string; change: string }
  | { view: 'runs' }
  | { view: 'run'; run: string }
  /** undo of a run that is done, as a plan of its own */
  | { view: 'revert'; run: string }
  | { view: 'nodes' }
  | { view: 'add-node' }
  | { view: 'clusters' }
  | { view: 'connect' }
  | { view: 'settings' }
  /** where the cluster looks for templates */
  | { view: 'templates' };

export type ViewName = Route['view'];

const reviewKinds: ReadonlySet<string> = new Set([
  'start',
  'stop',
  'reboot',
  'remove',
  'cleanup',
  'claim',
  'compare',
  'unlock',
  'restore',
]);
const isReviewKind = (text: string): text is ReviewKind => reviewKinds.has(text);

const copyKinds: ReadonlySet<string> = new Set(['clone', 'move', 'replicate', 'rename', 'discard']);
const isCopyKind = (text: string): text is CopyKind => copyKinds.has(text);

const diskTasks: ReadonlySet<string> = new Set([
  'grow',
  'convert',
  'snapshots',
  'export',
  'remove',
  'add',
  'release',
]);
const isDiskTask = (text: string): text is DiskTask => diskTasks.has(text);

const imagesShown: ReadonlySet<string> = new Set(['orphans', 'open', 'qcow2', 'replicas']);
const isImagesShown = (text: string): text is ImagesShown => imagesShown.has(text);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Reads an address; anything unknown is the overview. */
export const parseRoute = (hash: string): Route => {
  const [view = '', first = '', second = '', ...more] = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decoded);
  switch (view) {
    case 'instances':
      return first === '' ? { view } : { view: 'instance', instance: first };
    case 'images':
      return isImagesShown(first) ? { view, only: first } : { view };
    case 'failover':
      return first === '' ? { view: 'instances' } : { view, instance: first };
    case 'config': {
      const take = SIDES.find((each) => each === second);
      return first === '' ? { view: 'instances' } : { view, instance: first, ...(take && { take }) };
    }
    case 'migrate':
      return first === '' ? { view: 'instances' } : { view: 'failover', instance: first, live: true };
    case 'copy':
      return isCopyKind(first) && second !== ''
        ? { view, kind: first, instance: second }
        : { view: 'instances' };
    case 'adopt':
      return first === '' || second === ''
        ? { view: 'instances' }
        : { view, node: first, paths: [second, ...more].filter((each) => each !== '') };
    case 'adopt-guest':
      return first === '' || second === '' ? { view: 'instances' } : { view, node: first, by: second };
    case 'remove-image':
      return first === '' || second === '' ? { view: 'images' } : { view, node: first, path: second };
    case 'disk':
      return isDiskTask(second) && first !== ''
        ? { view, instance: first, task: second, item: more[0] ?? '' }
        : { view: 'instances' };
    case 'image':
      return (first === 'copy' || first === 'convert') && second !== '' && more[0]
        ? { view, task: first, node: second, path: more[0] }
        : { view: 'images' };
    case 'create':
      return first !== '' && second !== '' ? { view, from: { node: first, image: second } } : { view };
    case 'purge': {
      const folders = [first, second, ...more].filter((each) => each !== '');
      return folders.length === 0 ? { view: 'trash' } : { view, folders };
    }
    case 'review':
      return isReviewKind(first) && second !== ''
        ? { view, kind: first, subject: second }
        : { view: 'instances' };
    case 'drafts':
      if (first === '') return { view };
      if (second === 'change' && more[0]) return { view: 'draft-change', path: first, change: more[0] };
      return { view: 'draft', path: first, ...(second === 'text' && { as: second }) };
    case 'runs':
      return first === '' ? { view } : { view: 'run', run: first };
    case 'revert':
      return first === '' ? { view: 'runs' } : { view, run: first };
    case 'import':
    case 'trash':
    case 'nodes':
    case 'add-node':
    case 'clusters':
    case 'connect':
    case 'settings':
    case 'templates':
      return { view };
    default:
      return { view: 'overview' };
  }
};

export const formatRoute = (route: Route): string => {
  const parts = (() => {
    switch (route.view) {
      case 'instance':
        return ['instances', route.instance];
      case 'images':
        return route.only ? ['images', route.only] : ['images'];
      case 'failover':
        return [route.live ? 'migrate' : 'failover', route.instance];
      case 'config':
        return route.take ? ['config', route.instance, route.take] : ['config', route.instance];
      case 'copy':
        return ['copy', route.kind, route.instance];
      case 'adopt':
        return ['adopt', route.node, ...route.paths];
      case 'adopt-guest':
        return ['adopt-guest', route.node, route.by];
      case 'remove-image':
        return ['remove-image', route.node, route.path];
      case 'disk':
        return ['disk', route.instance, route.task, route.item];
      case 'image':
        return ['image', route.task, route.node, route.path];
      case 'create':
        return route.from ? ['create', route.from.node, route.from.image] : ['create'];
      case 'review':
        return ['review', route.kind, route.subject];
      case 'purge':
        return ['purge', ...route.folders];
      case 'draft':
        return ['drafts', route.path, ...(route.as ? [route.as] : [])];
      case 'draft-change':
        return ['drafts', route.path, 'change', route.change];
      case 'run':
        return ['runs', route.run];
      case 'revert':
        return ['revert', route.run];
      default:
        return [route.view];
    }
  })();
  return `#/${parts.map(encodeURIComponent).join('/')}`;
};

/** Where Escape leads: one level up, never out of the window; null at the top. */
export const parentOf = (route: Route): Route | null => {
  switch (route.view) {
    case 'instance':
    case 'create':
    case 'import':
    case 'adopt':
    case 'adopt-guest':
    case 'trash':
      return { view: 'instances' };
    case 'image':
      return { view: 'images' };
    case 'purge':
      return { view: 'trash' };
    case 'remove-image':
      return { view: 'images' };
    case 'failover':
    case 'copy':
    case 'disk':
    case 'config':
      return { view: 'instance', instance: route.instance };
    case 'review':
      if (route.kind === 'restore') return { view: 'trash' };
      // a folder, by its path alone or with its node
      return route.subject.startsWith('/') || route.subject.includes(':/')
        ? { view: 'instances' }
        : { view: 'instance', instance: route.subject };
    case 'draft':
      return route.as === undefined ? { view: 'drafts' } : { view: 'draft', path: route.path };
    case 'draft-change':
      return { view: 'draft', path: route.path };
    case 'run':
      return { view: 'runs' };
    case 'revert':
      return { view: 'run', run: route.run };
    case 'add-node':
      return { view: 'nodes' };
    case 'connect':
      return { view: 'clusters' };
    case 'templates':
      return { view: 'settings' };
    case 'settings':
      return { view: 'overview' };
    case 'overview':
    case 'instances':
    case 'images':
    case 'drafts':
    case 'runs':
    case 'nodes':
    case 'clusters':
      return null;
  }
};
