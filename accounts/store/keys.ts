//! Signing keys as rows.
import { asc, eq } from 'drizzle-orm'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Q, Tables, Tx } from './schema.ts'

export type KeyRow = Tables['signingKeys']['$inferSelect']

const allRows = query(({ db, tables: { signingKeys: t } }: Q, _: Params<object>) =>
  db.select().from(t).orderBy(asc(t.number)),
)
const insertRow = command(({ db, tables: { signingKeys: t } }: Q, p: Params<KeyRow>) =>
  db
    .insert(t)
    .values({
      number: p.number,
      kid: p.kid,
      publicKey: p.publicKey,
      privateKey: p.privateKey,
      signsFrom: p.signsFrom,
      signsUntil: p.signsUntil,
    })
    .onConflictDoNothing(),
)
const dropRow = command(({ db, tables: { signingKeys: t } }: Q, p: Params<{ number: number }>) =>
  db.delete(t).where(eq(t.number, p.number)),
)

/** Oldest first. */
export async function keyRows(tx: Tx): Promise<KeyRow[]> {
  return await allRows(tx, {})
}

/** Nothing is written where another process has made the key of that number. */
export async function putKey(tx: Tx, row: KeyRow): Promise<void> {
  await insertRow(tx, row)
}

export async function dropKey(tx: Tx, number: number): Promise<void> {
  await dropRow(tx, { number })
}
