import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundle } from './bundle.mjs'
import { defects, kafkaDefects, rabbitmqDefects } from './mutants/defects.mjs'
import { root } from './root.mjs'

/** Numbers of the list of defects; 37 needs Redis and comes with its plugin. */
const numbers = Array.from({ length: 38 }, (_, index) => index + 1).filter((number) => number !== 37)

test('every defect of the list exists', () => {
  const present = new Set(defects.map((defect) => Number.parseInt(defect.number, 10)))
  expect([...present].toSorted((a, b) => a - b)).toEqual(numbers)
  expect(rabbitmqDefects.map(({ number }) => number)).toEqual(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8'])
  expect(kafkaDefects.map(({ number }) => number)).toEqual(['K1', 'K2', 'K3', 'K4', 'K5', 'K6', 'K7', 'K8'])
})

test.each([...defects, ...rabbitmqDefects, ...kafkaDefects])(
  'defect $number still fits the sources: $title',
  async ({ replace }) => {
    for (const { file, find } of replace) {
      const source = await readFile(join(root, file), 'utf8')
      expect(source.split(find).length - 1, `${file}: ${find}`).toBe(1)
    }
  },
)

test.each([...defects, ...rabbitmqDefects, ...kafkaDefects])(
  'defect $number can be built: $title',
  async ({ replace }) => {
    await expect(bundle({ entry: 'conformance/src/kit/main.ts', replace })).resolves.toMatch(/\.mjs$/)
  },
)
