import { writeFile } from 'node:fs/promises'
import { dataFile } from './data-folder.js'
import { couponFile, orderFile } from './made-up-data.js'

await writeFile(dataFile('coupons.csv'), couponFile())
await writeFile(dataFile('orders.csv'), orderFile())
