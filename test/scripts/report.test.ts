import { describe, expect, it } from 'vitest';
import { closingLine, sumOfTallies, tallyOfReport } from '../../scripts/lib/report.ts';

const root = '/checkout';

function report(
  files: { name: string; status?: string; message?: string; tests: [string, string][] }[],
): string {
  const testResults = files.map(({ name, status = 'passed', message = '', tests }) => ({
    name: `${root}/${name}`,
    status,
    message,
    assertionResults: tests.map(([fullName, result]) => ({ fullName, status: result })),
  }));
  const success = testResults.every((file) => file.status === 'passed');
  return JSON.stringify({ success, testResults });
}

describe('tallyOfReport', () => {
  it('counts tests and names the failed ones', () => {
    const text = report([
      { name: 'test/core/a.test.ts', tests: [['adds', 'passed']] },
      {
        name: 'test/core/b.test.ts',
        status: 'failed',
        tests: [
          ['subtracts', 'failed'],
          ['divides', 'passed'],
        ],
      },
    ]);
    expect(tallyOfReport('pure', text, root)).toEqual({
      passed: 2,
      failed: 1,
      skipped: 0,
      failures: ['test/core/b.test.ts: subtracts'],
    });
  });

  it('tells what a failed test said, without its colours and its stack, and not without end', () => {
    const said = (message: string) =>
      tallyOfReport(
        'pure',
        JSON.stringify({
          success: false,
          testResults: [
            {
              name: `${root}/test/core/a.test.ts`,
              status: 'failed',
              message: '',
              assertionResults: [{ fullName: 'adds', status: 'failed', failureMessages: [message] }],
            },
          ],
        }),
        root,
      ).failures;
    expect(
      said('AssertionError: \u001b[31mexpected 1 to be 2\u001b[39m\n\n    at /checkout/a.ts:1:2'),
    ).toEqual(['test/core/a.test.ts: adds\n      AssertionError: expected 1 to be 2']);
    const [long] = said(Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n'));
    expect(long?.split('\n')).toHaveLength(14);
    expect(long).toMatch(/line 11\n {6}…$/);
  });

  it('counts a skipped test as a failure, but for those that need the real Electron', () => {
    const text = report([
      { name: 'test/core/a.test.ts', tests: [['adds', 'pending']] },
      { name: 'test/core/b.test.ts', tests: [['one day', 'todo']] },
      { name: 'test/e2e/real-electron.test.ts', tests: [['opens', 'skipped']] },
    ]);
    const tally = tallyOfReport('pure', text, root);
    expect(tally.failures).toEqual([
      'test/core/a.test.ts: adds (was pending)',
      'test/core/b.test.ts: one day (was todo)',
    ]);
    expect(tally.skipped).toBe(1);
  });

  it('fails a file that could not be loaded', () => {
    const text = report([
      { name: 'test/core/a.test.ts', status: 'failed', message: 'Cannot find x\n  at y', tests: [] },
    ]);
    expect(tallyOfReport('pure', text, root).failures).toEqual(['test/core/a.test.ts: Cannot find x']);
  });

  it('fails a ring that ran nothing, and errors outside of tests', () => {
    expect(tallyOfReport('pure', report([]), root).failures).toEqual(['pure: this ring ran no tests']);
    const passed = JSON.parse(
      report([{ name: 'test/core/a.test.ts', tests: [['adds', 'passed']] }]),
    ) as object;
    const text = JSON.stringify({ ...passed, success: false });
    expect(tallyOfReport('pure', text, root).failures).toEqual(['pure: errors outside of tests']);
  });

  it('refuses what is not a report of vitest', () => {
    expect(() => tallyOfReport('pure', '{}', root)).toThrow();
  });
});

describe('closingLine', () => {
  it('names the skipped ones only when there are some', () => {
    const two = { passed: 2, failed: 0, skipped: 0, failures: [] };
    expect(closingLine(two)).toBe('2 passed, 0 failed');
    const sum = sumOfTallies([two, { passed: 1, failed: 1, skipped: 3, failures: ['a'] }]);
    expect(closingLine(sum)).toBe('3 passed, 1 failed, 3 skipped');
    expect(sum.failures).toEqual(['a']);
  });
});
