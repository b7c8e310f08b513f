import { perSecond, type CloseReport } from '@sluice/core'
import type { Checks } from './checks.js'
import { createJournal, startWriter, type Journal } from './coupon-writer.js'
import type { Database } from './database.js'
import { createFlow, type Flow } from './flow.js'
import { never, startInstance } from './instance.js'
import { showProgress, type Progress } from './progress.js'
import { grouped, inMs } from './text.js'
import { coupons as topic, type Coupon } from './topics.js'

const couponsPerSecond = 2_000

/** Publishes all coupons as fast as possible. Two writers bring them into the database at a fixed rate; one of them is killed. */
export async function issueCoupons(database: Database, coupons: readonly Coupon[], checks: Checks): Promise<void> {
  const journal = createJournal()
  const flow = createFlow('coupons', coupons.length)
  const progress = showProgress([flow])
  // One limit for both writers: the database does not care how many there are.
  const shared = { database, journal, flow, rateLimit: perSecond(couponsPerSecond) }

  const cutOff = { written: 0, begun: 0 }
  let killed: Promise<CloseReport> | undefined
  await using victim = await startWriter({
    ...shared,
    async crashPoint(at, size) {
      if (killed !== undefined || flow.done < coupons.length / 3) return
      // The first batch stops between its write and its acknowledgement; when the next one begins, the writer dies with both.
      if (at === 'written') {
        cutOff.written += size
        await never
      } else if (cutOff.written > 0) {
        killed = victim.kill()
        cutOff.begun = victim.inHand - cutOff.written
        progress.note(
          `writer 1 is killed with ${cutOff.written} coupons written and ${cutOff.begun} begun, none acknowledged`,
        )
      }
    },
  })
  await using _other = await startWriter(shared)

  await publishAll(coupons, flow, progress)
  await flow.finished(30_000)
  progress.stop()
  await killed

  console.log('  (killed: its connection closes without a drain, its handlers stop where they are and never end)')
  await checkDatabase(database, coupons, checks)
  checks.equal('coupons acknowledged', coupons.length, flow.done)
  const [lost, again] = [cutOff.written + cutOff.begun, journal.deliveries - coupons.length]
  checks.add('killed with coupons written, not acknowledged', 'at least 1', grouped(cutOff.written), cutOff.written > 0)
  checks.add('… with coupons begun, not written', 'at least 1', grouped(cutOff.begun), cutOff.begun > 0)
  checks.add(
    '… coupons that came a second time',
    `at least ${grouped(lost)}`,
    grouped(again),
    lost > 0 && again >= lost,
  )
  checkRate(journal, checks)
}

async function publishAll(coupons: readonly Coupon[], flow: Flow, progress: Progress): Promise<void> {
  await using office = await startInstance()
  const began = performance.now()
  for (let at = 0; at < coupons.length; at += 1_000) {
    const batch = coupons.slice(at, at + 1_000).map((payload) => ({ payload }))
    await office.messaging.publishBatch(topic, batch)
    flow.addPublished(batch.length)
  }
  progress.note(`all ${grouped(flow.published)} are published after ${inMs(performance.now() - began)}`)
}

async function checkDatabase(database: Database, coupons: readonly Coupon[], checks: Checks): Promise<void> {
  const { rows, cents } = await database.couponTotals()
  const wanted = coupons.reduce((sum, coupon) => sum + coupon.cents, 0)
  checks.equal('coupon rows in the database', coupons.length, rows)
  checks.equal('… their sum in cents, as in the file', wanted, cents)
}

function checkRate({ begun }: Journal, checks: Checks): void {
  const [mean, busiest] = [begun.mean(), begun.busiest()]
  const near = Math.abs(mean - couponsPerSecond) <= couponsPerSecond * 0.05
  checks.add('coupons begun per second, mean', `${grouped(couponsPerSecond)} ± 5 %`, grouped(mean), near)
  const most = couponsPerSecond * 1.1
  checks.add('coupons begun in the busiest second', `at most ${grouped(most)}`, grouped(busiest), busiest <= most)
}
