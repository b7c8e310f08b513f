/** Paths that an order may take, from 3 to 6 steps. */
const paths = [
  'placed declined cancelled',
  'placed paid cancelled refunded',
  'placed paid packed shipped',
  'placed paid packed shipped delivered',
  'placed paid packed shipped delivered',
  'placed paid packed shipped delivered returned',
]

/** 20,000 coupons, one a line. The same text each time, so that the file in `data/` can be checked against it. */
export function couponFile(count = 20_000): string {
  const random = createRandom(2_024)
  const lines = Array.from({ length: count }, (_, index) => {
    // The number makes the code unique, the three letters in front make it look like one.
    const code = `${letters(random, 3)}${String(index + 1).padStart(5, '0')}`
    return [code, customer(random), 500 * (1 + random(10))].join(',')
  })
  return ['code,customer,cents', ...lines, ''].join('\n')
}

/** 2,000 orders, each with the steps that it goes through, one order a line. */
export function orderFile(count = 2_000): string {
  const random = createRandom(4_711)
  const lines = Array.from({ length: count }, (_, index) =>
    [10_001 + index, customer(random), 990 + 10 * random(5_000), paths[random(paths.length)]].join(','),
  )
  return ['id,customer,cents,steps', ...lines, ''].join('\n')
}

type Random = (below: number) => number

const customer = (random: Random): string => `C${String(1 + random(5_000)).padStart(4, '0')}`

const letters = (random: Random, count: number): string =>
  Array.from({ length: count }, () => 'ABCDEFGHJKLMNPQRSTUVWXYZ'[random(24)]).join('')

/** A linear congruential generator: a few lines, the same numbers on every machine. */
function createRandom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
