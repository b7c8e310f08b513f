import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { bundle } from '../../bundle.mjs'
import { root } from '../../root.mjs'
import { readCommandLine } from '../src/command-line.js'
import { viewCluster } from '../src/kafka/cluster-view.js'
import { openClient } from './amqp.js'
import { describeWith } from './needs.js'

const describeRabbit = await describeWith('rabbitmq')
const describeRedis = await describeWith('redis')
const describeKafka = await describeWith('kafka')

async function run(...args: readonly string[]): Promise<{ child: ChildProcess; lines: () => Promise<string> }> {
  const program = await bundle({ entry: 'tools/brokers/src/main.ts' })
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const reader = createInterface(child.stdout)[Symbol.asyncIterator]()
  return { child, lines: async () => String((await reader.next()).value) }
}

describe('the command line', () => {
  test('reads brokers and their options', () => {
    expect(readCommandLine(['rabbitmq'])).toEqual({ broker: 'rabbitmq', nodes: 1, tls: false })
    expect(readCommandLine(['rabbitmq', '--nodes', '3', '--tls'])).toEqual({ broker: 'rabbitmq', nodes: 3, tls: true })
    expect(readCommandLine(['redis', '--appendonly'])).toEqual({ broker: 'redis', appendonly: true })
    expect(readCommandLine(['kafka'])).toEqual({ broker: 'kafka', nodes: 1, tls: false })
    const three = ['kafka', '--nodes', '3', '--version', '3.9.1', '--tls']
    expect(readCommandLine(three)).toEqual({ broker: 'kafka', nodes: 3, version: '3.9.1', tls: true })
  })

  test.each([
    [[]],
    [['kafkaesque']],
    [['rabbitmq', '--nodes', '2']],
    [['kafka', '--nodes', '2']],
    [['kafka', '--version']],
    [['redis', '--tls']],
    [['rabbitmq', 'x']],
  ])('refuses %j and says how to use it', (args) => {
    expect(() => readCommandLine(args)).toThrow('npm run broker')
  })
})

describeRedis('npm run broker -- redis', () => {
  test('stays up until it is told to end, twice', async () => {
    const { child, lines } = await run('redis')
    const [, pid] = /pid (\d+)/.exec(await lines()) ?? []
    expect(existsSync(`/proc/${String(pid)}`)).toBe(true)
    child.kill('SIGINT')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false)
  })
})

describeRabbit('npm run broker -- rabbitmq', () => {
  test('prints addresses that can be used, and ends on SIGTERM', async () => {
    const { child, lines } = await run('rabbitmq', '--tls')
    const [, url = '', pid] = /(amqp:\S+) {2}pid (\d+)/.exec(await lines()) ?? []
    expect(await lines()).toMatch(/amqps:\S+ {2}authority \S+ca[.]pem$/)
    await (await openClient(url)).close()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false)
  })
})

describeKafka('npm run broker -- kafka', () => {
  test('prints an address that answers, and ends on SIGTERM', async () => {
    const { child, lines } = await run('kafka')
    const [, port] = /kafka:[/][/]127[.]0[.]0[.]1:(\d+) {2}version \d/.exec(await lines()) ?? []
    const [, pid] = /pid (\d+)/.exec(await lines()) ?? []
    expect(await viewCluster(Number(port))).toMatchObject({ brokers: [1] })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false)
  })
})
