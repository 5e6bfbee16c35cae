/** Imports run one way: renderer -> core, preload -> core, main -> core; nothing imports a shell. */

const shells = '^main/(electron|serve|cli)\\.ts$';
// Packages that may be a part of the page. Everything else belongs to the main side.
const pagePackages =
  '^node_modules/(react|react-dom|@codemirror|@lezer|@types/react|@types/react-dom|@patternfly|zod|scheduler)(/|$)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two files are one.',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'The domain does no I/O: no Node, no Electron, no other room, and of all packages only zod.',
      from: { path: '^core/', pathNot: '^core/draft/(yaml|edit|comments)\\.ts$' },
      to: { pathNot: ['^core/', '^node_modules/zod/'] },
    },
    {
      name: 'yaml-reads-drafts',
      severity: 'error',
      comment: 'A draft is a YAML file with comments that survive an edit; that reader is pure, too.',
      from: { path: '^core/draft/(yaml|edit|comments)\\.ts$' },
      to: { pathNot: ['^core/', '^node_modules/(zod|yaml)/'] },
    },
    {
      name: 'renderer-imports-core-only',
      severity: 'error',
      comment: 'The window knows the domain and its own packages. It reaches main through the bridge alone.',
      from: { path: '^renderer/' },
      to: { pathNot: ['^renderer/', '^core/', pagePackages] },
    },
    {
      name: 'preload-imports-core-only',
      severity: 'error',
      comment: 'A sandboxed preload can require nothing but electron.',
      from: { path: '^preload/' },
      to: { pathNot: ['^preload/', '^core/', '^electron$', '^node_modules/(electron|zod)/'] },
    },
    {
      name: 'main-imports-core-only',
      severity: 'error',
      from: { path: '^main/' },
      to: { path: '^(renderer|preload|test|scripts|out|bin)/' },
    },
    {
      name: 'electron-only-in-its-shell',
      severity: 'error',
      comment: 'The desk runs in plain Node too (served, command line), where there is no electron module.',
      from: { path: '^(core|main|renderer)/', pathNot: '^main/electron(\\.ts$|/)' },
      to: { path: '^(electron$|node_modules/electron/)' },
    },
    {
      name: 'nobody-imports-a-shell',
      severity: 'error',
      comment:
        'The three shells are thin and stand at the end: whatever two of them need belongs in the desk.',
      from: { pathNot: '^test/' },
      to: { path: shells },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^(core|main|preload|renderer|bin)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'product-needs-dependencies',
      severity: 'error',
      comment: 'What main needs at run time must be in `dependencies`, or the packaged app does not have it.',
      from: { path: '^(main|bin)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '^node_modules/(electron|@types)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(out|dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
