/**
 * Type-checks every TypeScript snippet of the documentation, each as a module of its own:
 *
 *     node tools/snippets.mjs
 */
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './root.mjs'

// Inside the repository, so that packages are found by their names.
const folder = join(root, 'node_modules', '.cache', 'sluice-snippets')
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })

let count = 0
for (const page of await pages()) {
  const text = await readFile(join(root, page), 'utf8')
  for (const found of text.matchAll(/^```ts\n([^]*?)^```$/gm)) {
    const line = text.slice(0, found.index).split('\n').length + 1
    const name = `${page.replaceAll(/[/.]/g, '-')}-line-${String(line)}.ts`
    await writeFile(join(folder, name), `${found[1] ?? ''}\nexport {}\n`)
    count += 1
  }
}
const config = {
  extends: join(root, 'tsconfig.base.json'),
  compilerOptions: { noUnusedLocals: false },
  // Packages are read from their sources, and so is what these say of libraries without types.
  include: ['*.ts', join(root, 'packages', '*', 'src', '**', '*.d.ts')],
}
await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))

if (count === 0) throw new Error('no snippet was found')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' })
console.log(`${String(count)} snippets`)
process.exitCode = status ?? 1

/** @returns {Promise<string[]>} */
async function pages() {
  const found = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']
  for (const parent of ['docs', 'packages', 'examples']) {
    for (const name of await readdir(join(root, parent), { recursive: true })) {
      if (name.endsWith('.md') && !name.includes('node_modules') && !name.includes('dist'))
        found.push(join(parent, name))
    }
  }
  return found.toSorted()
}
