/** The bench still runs and prints its tables. What they say is not tested: figures depend on the machine. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const program = path.resolve(import.meta.dirname, '../bench/index.ts');

const run = (): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, '--quick'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });

it('prints what each operation and each refresh took', { timeout: 240_000 }, async () => {
  const { code, stdout, stderr } = await run();
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  for (const operation of ['create', 'start', 'failover', 'remove'])
    expect(stdout).toMatch(new RegExp(`^${operation} +[\\d.]+ s +[\\d.]+ s +x [\\d.]+ `, 'm'));
  for (const way of ['VBDesk, straight', 'VBDesk, through here', 'tar -S \\| ssh \\| tar'])
    expect(stdout).toMatch(new RegExp(`^${way} +[\\d.]+ s +x [\\d.]+ +[\\d.]+ s +50.0 MiB$`, 'm'));
  for (const folders of [10, 100]) {
    expect(stdout).toMatch(new RegExp(`^3 nodes, storage of their own +${folders} +[\\d.]+ s `, 'm'));
    expect(stdout).toMatch(new RegExp(`^3 nodes, sharing all +${folders} +[\\d.]+ s `, 'm'));
  }
});
