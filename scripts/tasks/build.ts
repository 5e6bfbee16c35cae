// npm run build: main, preload and renderer into out/.
import { buildOrExit } from '../lib/build.ts';

await buildOrExit();
