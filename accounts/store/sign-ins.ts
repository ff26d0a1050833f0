//! Sign-ins that a provider is asked for, as rows.
import { and, eq, lt } from 'drizzle-orm'
import type { Instant } from '../../contracts/time.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Q, Tables, Tx } from './schema.ts'

export type SignIn = Tables['signIns']['$inferSelect']

const insertRow = query(({ db, tables: { signIns: t } }: Q, p: Params<SignIn>) =>
  db.insert(t).values({
    stateHash: p.stateHash,
    browserHash: p.browserHash,
    tenantId: p.tenantId,
    provider: p.provider,
    expiresAt: p.expiresAt,
  }),
)
const takeRow = query(
  (
    { db, tables: { signIns: t } }: Q,
    p: Params<{ stateHash: string; browserHash: string; provider: string }>,
  ) =>
    db
      .delete(t)
      .where(and(eq(t.stateHash, p.stateHash), eq(t.browserHash, p.browserHash), eq(t.provider, p.provider)))
      .returning(),
)
const dropOld = command(({ db, tables: { signIns: t } }: Q, p: Params<{ before: Instant }>) =>
  db.delete(t).where(lt(t.expiresAt, p.before)),
)

export async function putSignIn(tx: Tx, signIn: SignIn): Promise<void> {
  await insertRow(tx, signIn)
}

/** Takes it out, so that it is finished once only, and only by the browser that began it. */
export async function takeSignIn(
  tx: Tx,
  wanted: { readonly stateHash: string; readonly browserHash: string; readonly provider: string },
): Promise<SignIn | undefined> {
  const [row] = await takeRow(tx, wanted)
  return row
}

export async function dropOldSignIns(tx: Tx, before: Instant): Promise<void> {
  await dropOld(tx, { before })
}
