import { createChecks } from './checks.js'
import { issueCoupons } from './coupons.js'
import { openDatabase } from './database.js'
import { readCoupons, readOrders, toEvents } from './files.js'
import { brokerUrl } from './instance.js'
import { handleOrders } from './orders.js'
import { compareRequests } from './requests.js'
import { grouped, inSeconds } from './text.js'

const began = performance.now()
const checks = createChecks()
const [coupons, orders] = await Promise.all([readCoupons(), readOrders()])
const events = toEvents(orders)

console.log(
  `Month end: ${grouped(coupons.length)} coupons, ${grouped(orders.length)} orders, broker ${brokerUrl.replace(/:.*/, '')}`,
)
console.log('Opening the database (PostgreSQL inside this process)')
const database = await openDatabase()

const placed = orders.slice(0, 400)
console.log(`\n1. Requests: ${placed.length} orders are placed, each with a slow notification`)
await compareRequests(database, placed, checks)

console.log(
  `\n2. Orders: ${grouped(events.length)} status steps of ${grouped(orders.length)} orders go to three groups`,
)
await handleOrders(events, checks)

console.log('\n3. Coupons: published as fast as possible, written at 2,000 per second')
await issueCoupons(database, coupons, checks)

await database.close()
console.log(`\n${checks.table()}`)
const verdict = checks.failed === 0 ? 'All checks passed' : `${checks.failed} checks FAILED`
console.log(`\n${verdict}, ${inSeconds(performance.now() - began)}`)
process.exitCode = checks.failed === 0 ? 0 : 1
