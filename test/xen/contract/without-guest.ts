import { describe, expect, test } from 'vitest';
import { dryRunCases } from './dry-runs.ts';
import { HEADER, MEMORY, quote, type Workbench } from './workbench.ts';

/** Lists, facts, errors and dry runs where no guest is. */
export function withoutGuest(bench: Workbench): void {
  const { run, succeed } = bench;

  describe('what exists before any guest', () => {
    test('the list holds Domain-0 alone, in the three forms', async () => {
      const [short = '', row = '', ...more] = (await succeed('xl list')).split('\n');
      expect(short).toBe(HEADER);
      expect(row).toMatch(/^Domain-0 {33} {4}0 +\d+ +\d+ {5}[r-]b?[-]{4,5} +\d+\.\d$/);
      expect(more).toEqual(['']);
      const [long = '', zero = ''] = (await succeed('xl list -v')).split('\n');
      expect(long).toBe(`${HEADER}   UUID                            Reason-Code\tSecurity Label`);
      expect(zero).toMatch(/ 00000000-0000-0000-0000-000000000000 {8}- {16}-$/);
      // On stderr there may be a warning, from a disk that was once detached from Domain-0.
      const all: unknown = JSON.parse((await run('xl list -l')).stdout);
      expect(all).toMatchObject([{ domid: 0, config: { c_info: { type: 'pv', name: 'Domain-0' } } }]);
    });

    test('info counts the memory', async () => {
      const info = new Map(
        (await succeed('xl info')).split('\n').map((line) => [line.slice(0, 23).trim(), line.slice(25)]),
      );
      expect(info.get('xen_version')).toMatch(/^4\.17\.\d+$/);
      expect([info.get('xen_major'), info.get('xen_minor')]).toEqual(['4', '17']);
      const total = Number(info.get('total_memory'));
      const free = Number(info.get('free_memory'));
      expect(free).toBeGreaterThan(2 * MEMORY);
      expect(free).toBeLessThan(total);
      expect(Number(info.get('nr_cpus'))).toBeGreaterThan(0);
      expect(await succeed('xl info total_memory')).toBe(`${total}\n`);
      expect(await succeed('xl info no_such_fact')).toBe('');
    });

    test('a domain that is not there, a command that is none: exit codes and words', async () => {
      const invalid = 'missing is an invalid domain identifier (rc=-6)\n';
      const cases: [string, number, string][] = [
        ['list missing', 1, invalid],
        ['list -l missing', 1, invalid],
        ['list 9999', 1, "Error: Domain '9999' does not exist.\n"],
        ['shutdown missing', 1, invalid],
        ['shutdown -w missing', 1, invalid],
        ['reboot missing', 1, invalid],
        ['destroy missing', 1, invalid],
        ['pause missing', 1, invalid],
        ['unpause missing', 1, invalid],
        ['rename missing other', 1, invalid],
        ['save missing /nowhere', 1, invalid],
        ['console missing', 1, invalid],
        ['uptime missing', 1, invalid],
        ['migrate missing nowhere', 1, invalid],
        ['domid missing', 1, "Can't get domid of domain name 'missing', maybe this domain does not exist.\n"],
        ['domname 9999', 1, "Can't get domain name of domain id '9999', maybe this domain does not exist.\n"],
        ['block-list missing', 0, 'missing is an invalid domain identifier\n'],
        ['block-attach missing vdev=xvda,target=/a', 1, 'missing is an invalid domain identifier\n'],
        ['restore /nowhere', 1, "Can't open restore file: No such file or directory\n"],
        ['shutdown', 1, 'You must specify -a or a domain id.\n\n'],
        ['destroy', 2, "'xl destroy' requires at least 1 argument.\n\n"],
        ['rename one', 2, "'xl rename' requires at least 2 arguments.\n\n"],
        ['list -x', 2, "option `x' not supported.\n"],
        ['no-such-command', 1, 'command not implemented\n'],
        ['create', 6, 'Config file not specified and none in save file\n'],
        ['create /nowhere', 3, 'Failed to read config file: /nowhere: No such file or directory\n'],
        [
          'pause 9999',
          0,
          'libxl: error: libxl_domain.c:587:libxl_domain_pause: Domain 9999:Pausing domain: No such process\n',
        ],
      ];
      const script = cases.map(
        ([words]) => `xl ${words} >/dev/null 2>"$R/tmp/words"; echo "$? $(cat "$R/tmp/words")"; echo ======`,
      );
      const parts = (await succeed(script.join('\n'))).split('\n======\n').slice(0, -1);
      const seen = parts.map((part, index) => [
        cases[index]?.[0],
        Number(part.split(' ', 1)[0]),
        part.slice(part.indexOf(' ') + 1),
      ]);
      expect(seen).toEqual(cases.map(([words, code, text]) => [words, code, text.trimEnd()]));
    });
  });

  test('create -n: prints what it understood as JSON, or what it did not, and looks at no file', async () => {
    const cases = dryRunCases(bench.toolstack);
    const script = cases.map(
      ({ text }) =>
        `printf %s ${quote(text)} > "$R/tmp/dry.cfg"; xl create -n "$R/tmp/dry.cfg" 2>"$R/tmp/words"; code=$?; echo ======; echo $code; sed "s,$R/tmp/dry.cfg,FILE," "$R/tmp/words"; echo ======`,
    );
    const parts = (await succeed(script.join('\n'))).split('======\n');
    const seen = cases.map(({ title }, index) => {
      const stdout = parts[2 * index] ?? '';
      const [code, ...stderr] = (parts[2 * index + 1] ?? '').trimEnd().split('\n');
      const config: unknown = stdout === '' ? null : JSON.parse(stdout);
      return { title, code: Number(code), stderr, config };
    });
    expect(seen).toEqual(
      cases.map(({ title, stderr = [], config }) => ({
        title,
        code: config === undefined ? 1 : 0,
        stderr: ['Parsing config from FILE', ...stderr],
        config: config ?? null,
      })),
    );
    expect(parts).toHaveLength(2 * cases.length + 1);
  });
}
