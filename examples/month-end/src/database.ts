import { PGlite } from '@electric-sql/pglite'
import type { Coupon, Order } from './topics.js'

/** A real PostgreSQL that runs inside this process (PGlite), so that there is nothing to install. */
export interface Database {
  insertOrder(order: Order): Promise<void>
  /** Writes many coupons with one statement. A coupon that is there already stays as it is: its code is the key. */
  insertCoupons(coupons: readonly Coupon[]): Promise<void>
  couponTotals(): Promise<CouponTotals>
  close(): Promise<void>
}

interface CouponTotals {
  readonly rows: number
  readonly cents: number
}

const tables = `
  create table orders (id text primary key, customer text not null, cents integer not null);
  create table coupons (code text primary key, customer text not null, cents integer not null);
`

export async function openDatabase(): Promise<Database> {
  const sql = await PGlite.create()
  await sql.exec(tables)
  return {
    async insertOrder({ id, customer, cents }) {
      await sql.query('insert into orders (id, customer, cents) values ($1, $2, $3)', [id, customer, cents])
    },
    async insertCoupons(coupons) {
      await sql.query(
        `insert into coupons (code, customer, cents)
         select code, customer, cents from json_to_recordset($1) as row (code text, customer text, cents integer)
         on conflict (code) do nothing`,
        [coupons],
      )
    },
    async couponTotals() {
      const { rows } = await sql.query<CouponTotals>(
        'select count(*)::integer as rows, coalesce(sum(cents), 0)::integer as cents from coupons',
      )
      return rows[0] ?? { rows: 0, cents: 0 }
    },
    close: () => sql.close(),
  }
}
