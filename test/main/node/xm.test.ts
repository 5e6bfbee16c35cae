import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { emptyRoot, inside, run, shim, storage, uuid } from './support.ts';

/** A little xm: the domain is there while the file `up` is, its number and state in it. */
const xm = `S=$VBDESK_ROOT
echo "$*" >>"$S/asked"
case $1 in
  list)
    echo '(domain
    (domid 0)
    (name Domain-0)
    (uuid 00000000-0000-0000-0000-000000000000)
    (state r-----)
)'
    [ -e "$S/up" ] && read -r id flags <"$S/up" && echo "(domain
    (domid $id)
    (name 'web 1')
    (uuid ${uuid})
    (device
        (vbd
            (uuid 11111111-1111-1111-1111-111111111111)
        )
    )
    (state $flags)
)" ;;
  create) if [ "$2" = -p ]; then echo '5 --p---' >"$S/up"; else echo '5 -b----' >"$S/up"; fi ;;
  unpause) echo '5 -b----' >"$S/up" ;;
  shutdown) echo '5 ---s--' >"$S/up" ;;
  reboot) echo '6 r-----' >"$S/up" ;;
  destroy) rm "$S/up" ;;
esac
exit 0`;

const folder = `${storage}/web1`;
const guest = { uuid, name: 'web1', images: [`${folder}/sda`] };
const config = `${folder}/xen.cfg`;
let root: string;
beforeEach(() => {
  root = emptyRoot();
  mkdirSync(inside(root, folder));
  writeFileSync(inside(root, `${folder}/sda`), '');
  truncateSync(inside(root, `${folder}/sda`), 4096);
  writeFileSync(inside(root, config), `uuid = '${uuid}'\n`);
  shim(root, 'xm', xm);
});
const act = (action: Action) => run(root, renderAction(action, 'xm').act);
const check = async (action: Action) => (await run(root, renderAction(action, 'xm').check ?? 'exit 99')).code;

test('a guest of the old toolstack is started, judged, restarted and stopped', async () => {
  const verdict: Action = { do: 'verdict', ...guest };
  const configSum = createHash('sha256')
    .update(readFileSync(inside(root, config)))
    .digest('hex');
  const start: Action = { do: 'start-domain', ...guest, config, configSum, paused: true };
  expect(await act({ do: 'check-config', config, configSum })).toMatchObject({
    code: 0,
    out: expect.stringContaining('can not check'),
  });
  expect(await act(verdict)).toMatchObject({ code: 0 });
  expect(await check(start)).toBe(10);
  expect(await act(start)).toMatchObject({ code: 0 });
  expect(await check(start)).toBe(0);
  expect(await act(verdict)).toMatchObject({ code: 10, out: 'domain 5 of this guest, in state --p---\n' });
  expect(await act({ do: 'unpause-domain', ...guest })).toMatchObject({ code: 0 });
  expect(await act({ do: 'reboot-domain', ...guest, timeoutSeconds: 5 })).toMatchObject({
    code: 0,
    out: 'was domain 5, is domain 6\n',
  });
  const then = 'leave';
  expect(await act({ do: 'shut-down', ...guest, timeoutSeconds: 5, then })).toMatchObject({
    code: 0,
  });
  expect(await act({ do: 'end-domain', ...guest })).toMatchObject({ code: 0 });
  expect(await act(verdict)).toMatchObject({ code: 0 });
  shim(root, 'xm', 'exit 1');
  expect((await act(verdict)).code).toBe(1);
});
