// npm run build: main, preload and renderer into out/.
import { build } from '../lib/build.ts';

await build();
