import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { bundle } from '../../bundle.mjs'
import { root } from '../../root.mjs'
import { until } from '../src/index.js'
import { describeWith } from './needs.js'

const describeAll = await describeWith('rabbitmq', 'redis', 'kafka')

interface Started {
  readonly pid: number
  readonly folder: string
}

describeAll('nothing outlives the process that has started it', () => {
  test.each([
    ['rabbitmq', 'throw', undefined, 1],
    ['redis', 'exit', undefined, 3],
    ['redis', 'nothing', undefined, 0],
    ['rabbitmq', 'signal', 'SIGTERM', null],
    ['redis', 'signal', 'SIGINT', null],
    ['rabbitmq', 'signal', 'SIGKILL', null],
    ['kafka', 'signal', 'SIGKILL', null],
  ] as const)('%s, when it ends by %s %s', async (broker, how, signal, code) => {
    const program = await bundle({ entry: 'tools/brokers/test/programs/forgetful.ts' })
    const child = spawn(process.execPath, [program, broker, how], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (text) => (errors += String(text)))
    const exit = once(child, 'exit')
    const line = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
    expect(line, `it has not started: ${errors}`).toMatchObject({ done: false })
    const { pid, folder } = JSON.parse(String(line.value)) as Started
    const tree = [pid, ...descendants(pid), ...processesWith(folder)]
    expect(existsSync(folder)).toBe(true)
    expect(tree.every(isAlive)).toBe(true)
    if (signal === undefined) child.stdin.write('end\n')
    else child.kill(signal)
    expect(await exit).toEqual([code, signal ?? null])
    await until('all processes are gone', async () => tree.every((pid) => !isAlive(pid)))
    await until('the folder is gone', async () => !existsSync(folder))
    expect(processesWith(folder)).toEqual([])
  })
})

/** A zombie has ended; that nobody has asked how is not our business. */
function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat !== '' && !/\) [ZX] /.test(stat)
}

function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return [...children, ...children.flatMap(descendants)]
}

/** Everything that has the folder in its environment or arguments: nodes, epmd, guards. */
function processesWith(folder: string): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids.filter((pid) => {
    const text = read(`/proc/${pid}/environ`) + read(`/proc/${pid}/cmdline`)
    return isAlive(pid) && text.includes(folder)
  })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
