import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.mjs'
import { root } from './root.mjs'

// The programs have to lie inside the repository, as real ones do; the cache folder is never committed.
const cache = join(root, 'node_modules', '.cache')
let folder = ''
let entry = ''
let used = ''

beforeAll(async () => {
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'bundle-test-'))
  entry = join(folder, 'entry.ts')
  used = relative(root, join(folder, 'used.ts'))
  await writeFile(join(folder, 'used.ts'), `export const colour: string = 'red'\nexport const other = 'blue blue'\n`)
  await writeFile(join(folder, 'unused.ts'), `export const nothing = 'grey'\n`)
  await writeFile(
    entry,
    [
      `import { parse } from 'valibot'`,
      `import { colour } from './used.js'`,
      `const args: readonly string[] = process.argv.slice(2)`,
      `console.log(colour, typeof parse, ...args)`,
      `if (args.includes('--fail')) throw new Error('failed on purpose')`,
      `if (args.includes('--wait')) setInterval(() => console.log('waiting'), 20)`,
      `process.exitCode = args.length`,
    ].join('\n'),
  )
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function runProgram(args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    return { code, out: stdout, err: stderr }
  }
}

describe('bundle', () => {
  it('gives a program that plain Node runs, with packages left outside', async () => {
    const program = await bundle({ entry })
    expect(await readFile(program, 'utf8')).toContain(`from "valibot"`)
    expect(await runProgram([program])).toMatchObject({ code: 0, out: 'red function\n' })
  })

  it('takes the packages of Sluice from their sources', async () => {
    const file = join(folder, 'core.ts')
    await writeFile(file, `export * from '@sluice/core'\n`)
    expect(await readFile(await bundle({ entry: file }), 'utf8')).not.toContain('@sluice/core"')
  })

  it('gives the same path for the same content, another one for a change', async () => {
    const plain = await bundle({ entry })
    expect(await bundle({ entry })).toBe(plain)
    const changed = await bundle({ entry, replace: [{ file: used, find: `'red'`, replacement: `'green'` }] })
    expect(changed).not.toBe(plain)
    expect(await runProgram([changed])).toMatchObject({ out: 'green function\n' })
  })

  it('writes to the file it is given', async () => {
    const outfile = join(folder, 'out', 'program.mjs')
    expect(await bundle({ entry, outfile })).toBe(outfile)
    expect(await runProgram([outfile])).toMatchObject({ out: 'red function\n' })
  })

  it('makes several changes of one file and puts "$" in as it stands', async () => {
    const program = await bundle({
      entry,
      replace: [
        { file: used, find: `'red'`, replacement: `'$&'` },
        { file: used, find: `colour: string`, replacement: `colour: '$&'` },
      ],
    })
    expect(await runProgram([program])).toMatchObject({ out: '$& function\n' })
  })

  it.each([
    ['is not there', 'yellow', 'occurs 0 times'],
    ['is there twice', 'blue', 'occurs 2 times'],
    ['is empty', '', 'is empty'],
  ])('refuses a change whose text %s', async (_, find, message) => {
    const replacing = bundle({ entry, replace: [{ file: used, find, replacement: 'x' }] })
    await expect(replacing).rejects.toThrow(message)
  })

  it('refuses a change of a file that the program does not use', async () => {
    const file = relative(root, join(folder, 'unused.ts'))
    const replacing = bundle({ entry, replace: [{ file, find: 'grey', replacement: 'x' }] })
    await expect(replacing).rejects.toThrow('does not use it')
  })
})

describe('run', () => {
  const run = join(root, 'tools', 'run.mjs')

  it('passes arguments, output and exit code through', async () => {
    expect(await runProgram([run, entry, 'a', '--mutant'])).toEqual({
      code: 2,
      out: 'red function a --mutant\n',
      err: '',
    })
  })

  it('shows where in the source an error was thrown', async () => {
    const { code, err } = await runProgram([run, entry, '--fail'])
    expect(code).toBe(1)
    expect(err).toContain('entry.ts:5')
  })

  it('passes a signal on and tells of it in the exit code', async () => {
    const child = execFile(process.execPath, [run, entry, '--wait'])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise((resolve) =>
      child.stdout?.on('data', (text) => String(text).includes('waiting') && resolve(text)),
    )
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
  })

  it('runs with the changes of a file', async () => {
    const mutant = join(folder, 'mutant.json')
    await writeFile(mutant, JSON.stringify({ replace: [{ file: used, find: `'red'`, replacement: `'pink'` }] }))
    expect(await runProgram([run, '--mutant', mutant, entry])).toMatchObject({ code: 0, out: 'pink function\n' })
  })

  it.each([[[]], [['--mutant']], [['--unknown', 'entry.ts']]])('explains itself when called with %j', async (args) => {
    const { code, err } = await runProgram([run, ...args])
    expect(code).toBe(2)
    expect(err).toContain('Usage:')
  })

  it('refuses a file of changes that has another shape', async () => {
    const mutant = join(folder, 'wrong.json')
    await writeFile(mutant, JSON.stringify({ replace: [{ file: used, find: 1 }] }))
    const { code, err } = await runProgram([run, '--mutant', mutant, entry])
    expect(code).toBe(2)
    expect(err).toContain('"replacement"')
  })
})
