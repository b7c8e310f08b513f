import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whyMissing } from '@sluice/brokers'
import { expect, it } from 'vitest'
import { chaosCommand } from '../../src/chaos/chaos-command.js'
import type { ChaosResult } from '../../src/chaos/result.js'

const missing = await whyMissing('rabbitmq')

/** Of every kind that is over quickly. */
const quick = 'F1,F3,F4,F9,F10,F11,F13'
const faults = 9

it.skipIf(missing !== undefined)(
  `loses, invents and disorders nothing through ${faults} faults${missing === undefined ? '' : `: ${missing}`}`,
  { timeout: 240_000 },
  async ({ onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const json = join(folder, 'result.json')
    const printed: string[] = []
    const args = `--adapter rabbitmq --seed 1 --messages 40000 --faults ${faults} --only ${quick} --json ${json}`
    const code = await chaosCommand(args.split(' '), (line) => printed.push(line))
    console.log(printed.join('\n'))
    expect(code, printed.join('\n')).toBe(0)
    const result = JSON.parse(await readFile(json, 'utf8')) as ChaosResult
    expect(result).toMatchObject({
      ...{ adapter: 'rabbitmq', seed: 1, nodes: 1, messages: 40_000, faults },
      ...{ lost: 0, phantom: 0, outOfOrder: 0, overlapping: 0 },
    })
    expect(result.duplicated).toBeLessThanOrEqual(result.duplicateBound)
  },
)
