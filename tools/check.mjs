/**
 * Runs every script of package.json whose name starts with `check:`, in order, also after one has failed.
 * One alone: `npm run check:lint`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './root.mjs'

/** @type {{ scripts: Record<string, string> }} */
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`

const failed = []
for (const [name, command] of Object.entries(scripts)) {
  if (!name.startsWith('check:')) continue
  const startedAt = performance.now()
  const { status, stdout, stderr } = spawnSync(command, {
    cwd: root,
    env: { ...process.env, PATH: path },
    shell: true,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (status === 0) continue
  failed.push(name)
  console.log(`\n${stdout}${stderr}`)
}

console.log(failed.length === 0 ? '\nAll checks passed' : `\nFailed: ${failed.join(', ')}`)
if (failed.length > 0) process.exitCode = 1
