import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

/**
 * The three targets of the desktop app: main (ESM, packages from `dependencies` stay external), preload
 * (one CommonJS file, because a sandboxed preload can neither be ESM nor require a second file) and renderer.
 */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // zod and the like are external too: node_modules travels inside the asar.
      externalizeDeps: true,
      rollupOptions: { input: { electron: 'main/electron.ts' } },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload may require only `electron`, so everything else is bundled into it.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: 'preload/index.ts' },
        output: { format: 'cjs', entryFileNames: 'index.cjs' },
      },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [react()],
    build: {
      outDir: 'out/renderer',
      rollupOptions: { input: 'renderer/index.html' },
      // PatternFly's fonts are files, never data: URLs, so that the policy needs font-src 'self' only.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 2000,
    },
  },
});
