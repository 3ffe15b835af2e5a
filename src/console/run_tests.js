// Bundles the tests of pure logic and runs them with node's own runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';

const out = '.tests';
rmSync(out, { recursive: true, force: true });
const tests = readdirSync('tests').filter((name) => name.endsWith('.test.ts'));
await build({
  entryPoints: tests.map((name) => `tests/${name}`),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
});
const run = spawnSync(process.execPath, ['--test', out], { stdio: 'inherit' });
process.exit(run.status ?? 1);
