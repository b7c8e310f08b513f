import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root } from '../../../tools/root.mjs'

/** What runs in the processes that measure, built and ready. */
export interface Programs {
  readonly folder: string
  readonly subject: string
  readonly countAllocations: string
}

// Inside of the bench, so that what only the bench depends on is found from there.
const cache = join(root, 'bench', 'node_modules', '.cache')

/**
 * Builds them with Sluice's packages as they are published: modules for plain Node, not minified, what is loaded later in files of
 * its own. Clients and schema libraries stay imports. They are there until this process ends.
 */
export async function buildPrograms(): Promise<Programs> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'sluice-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await build({
    absWorkingDir: root,
    entryPoints: {
      subject: 'bench/src/process/subject-program.ts',
      'count-allocations': 'bench/src/process/count-allocations.ts',
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    conditions: ['@sluice/source'],
    logLevel: 'silent',
    plugins: [librariesOutside],
  })
  return { folder, subject: join(folder, 'subject.mjs'), countAllocations: join(folder, 'count-allocations.mjs') }
}

const librariesOutside: Plugin = {
  name: 'libraries-outside',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@sluice/') ? undefined : { path, external: true },
    )
  },
}
