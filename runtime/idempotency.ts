//! Idempotency keys: the same key and request get the stored answer, another request under the key is refused.
import { and, eq, lt } from 'drizzle-orm'
import { type DomainError, fail, isTransient, type Result } from '../contracts/errors.ts'
import type { TenantId } from '../contracts/ids.ts'
import type { Instant } from '../contracts/time.ts'
import type { Answer, Call, IdempotencyKey } from './call.ts'
import { inJsonList, type Kit } from './store/columns.ts'
import { type Params, type QueryKit, query, type Store, type Tx } from './store/store.ts'

/** How long an answer is kept at least. A repeat is one as long as the key is there: it is forgotten by `pruneKeys` only. */
export const keyLifetimeMs = 24 * 60 * 60 * 1000

export function idempotencyTables(kit: Kit) {
  const idempotencyKeys = kit.table(
    'idempotency_keys',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      scope: kit.text('scope').notNull(),
      key: kit.text('key').notNull(),
      fingerprint: kit.text('fingerprint').notNull(),
      /** The request that was answered first: a replay names it, so that the replayed body is the same to the letter. */
      requestId: kit.text('request_id').notNull(),
      /** Null, or `in_progress` with what is known by then, while an operation that spans stores is still running. */
      answer: kit.text('answer'),
      createdAt: kit.instant('created_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.scope, t.key] }),
      kit.index('idempotency_keys_by_age').on(t.createdAt),
    ],
  )
  return { idempotencyKeys }
}

export type IdempotencyTables = ReturnType<typeof idempotencyTables>
type Q = QueryKit<IdempotencyTables>
type Where = { tenantId: TenantId; scope: string; key: string }

const claim = query(
  (
    { db, tables: { idempotencyKeys } }: Q,
    p: Params<Where & { fingerprint: string; requestId: string; createdAt: Instant }>,
  ) =>
    db
      .insert(idempotencyKeys)
      .values({
        tenantId: p.tenantId,
        scope: p.scope,
        key: p.key,
        fingerprint: p.fingerprint,
        requestId: p.requestId,
        createdAt: p.createdAt,
      })
      .onConflictDoNothing()
      .returning({ key: idempotencyKeys.key }),
)

const keyOf = query(({ db, tables: { idempotencyKeys: t } }: Q, p: Params<Where>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.scope, p.scope), eq(t.key, p.key))),
)

const putAnswer = query(({ db, tables: { idempotencyKeys: t } }: Q, p: Params<Where & { answer: string }>) =>
  db
    .update(t)
    .set({ answer: p.answer })
    .where(and(eq(t.tenantId, p.tenantId), eq(t.scope, p.scope), eq(t.key, p.key))),
)

const forget = query(({ db, tables: { idempotencyKeys: t } }: Q, p: Params<Where>) =>
  db.delete(t).where(and(eq(t.tenantId, p.tenantId), eq(t.scope, p.scope), eq(t.key, p.key))),
)

const expiredKeys = query(
  ({ db, tables: { idempotencyKeys: t } }: Q, p: Params<{ before: Instant; limit: number }>) =>
    db
      .select({ createdAt: t.createdAt })
      .from(t)
      .where(lt(t.createdAt, p.before))
      .orderBy(t.createdAt)
      .limit(p.limit),
)

const dropExpired = query(
  ({ db, dialect, tables: { idempotencyKeys: t } }: Q, p: Params<{ moments: string }>) =>
    db.delete(t).where(inJsonList(dialect, t.createdAt, p.moments)),
)

// JSON has no int64, so a bigint is kept under a name that no reply of ours has.
const bigintTag = '$int64'
const encode = (result: Result<unknown>): string =>
  JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? { [bigintTag]: String(value) } : value))
const decode = (text: string): Result<never> =>
  JSON.parse(text, (_, value) =>
    value !== null && typeof value === 'object' && bigintTag in value ? BigInt(value[bigintTag]) : value,
  )

/** Whose key it is: a request, or the process row that a request left behind. */
export type KeyHolder = {
  readonly tenantId: TenantId
  readonly idempotency?: Pick<IdempotencyKey, 'scope' | 'key'>
}

const whereOf = (call: KeyHolder, { scope, key }: Pick<IdempotencyKey, 'scope' | 'key'>): Where => ({
  tenantId: call.tenantId,
  scope,
  key,
})

export type Claim = { readonly claimed: true } | { readonly claimed: false; readonly answer: Answer<never> }

/** Takes the key for this request, or tells what the earlier one was answered. To be the first statement of a body. */
export async function claimKey(tx: Tx<IdempotencyTables>, call: Call, now: Instant): Promise<Claim> {
  const { idempotency } = call
  if (idempotency === undefined) return { claimed: true }
  const where = whereOf(call, idempotency)
  const row = { ...where, fingerprint: idempotency.fingerprint, requestId: call.requestId, createdAt: now }
  if ((await claim(tx, row)).length > 0) return { claimed: true }
  const [stored] = await keyOf(tx, where)
  // On PostgreSQL it may have been forgotten since.
  return {
    claimed: false,
    answer: stored === undefined ? fail('in_progress') : answerOf(stored, idempotency),
  }
}

function answerOf(
  stored: { fingerprint: string; requestId: string; answer: string | null },
  { fingerprint }: IdempotencyKey,
): Answer<never> {
  if (stored.fingerprint !== fingerprint) return fail('idempotency_key_reused')
  if (stored.answer === null) return fail('in_progress')
  return { ...decode(stored.answer), replayOf: stored.requestId }
}

/** Keeps the answer for repeats, or gives the key free where the answer is "not now". */
export async function storeAnswer(
  tx: Tx<IdempotencyTables>,
  call: KeyHolder,
  answer: Result<unknown>,
): Promise<void> {
  const { idempotency } = call
  if (idempotency === undefined) return
  const where = whereOf(call, idempotency)
  // The caller is meant to try again with the same key.
  if (!answer.ok && isTransient(answer.error)) await forget(tx, where)
  else await putAnswer(tx, { ...where, answer: encode(answer) })
}

/** Keeps what is known of an operation that spans stores while it is still running: a repeat gets `in_progress` with it. */
export async function storeProgress(
  tx: Tx<IdempotencyTables>,
  { tenantId, idempotency }: KeyHolder,
  known: DomainError['details'],
): Promise<void> {
  if (idempotency === undefined) return
  const where = whereOf({ tenantId }, idempotency)
  await putAnswer(tx, { ...where, answer: encode(fail('in_progress', known)) })
}

/** Gives a key free that was claimed in this transaction and will not be answered by it. */
export async function releaseKey(tx: Tx<IdempotencyTables>, call: Call): Promise<void> {
  if (call.idempotency !== undefined) await forget(tx, whereOf(call, call.idempotency))
}

/** Runs what one store's transaction can do whole, once per key. What `run` throws gives the key free with all else. */
export async function once<R>(
  tx: Tx<IdempotencyTables>,
  call: Call,
  now: Instant,
  run: () => Promise<Result<R>>,
): Promise<Answer<R>> {
  if (call.idempotency === undefined) return await run()
  const claimed = await claimKey(tx, call, now)
  if (!claimed.claimed) return claimed.answer
  const result = await run()
  await storeAnswer(tx, call, result)
  return result
}

/** The stored answer, for an operation that has to ask others before its transaction; undefined where it must run. */
export async function storedAnswer(
  store: Store<IdempotencyTables>,
  call: Call,
): Promise<Answer<never> | undefined> {
  return call.idempotency && (await store.read((tx) => answerStored(tx, call)))
}

/** The same in a snapshot that the caller reads more in; `in_progress` while an operation that spans stores runs. */
export async function answerStored(
  tx: Tx<IdempotencyTables>,
  call: Call,
): Promise<Answer<never> | undefined> {
  const { idempotency } = call
  if (idempotency === undefined) return undefined
  const [stored] = await keyOf(tx, whereOf(call, idempotency))
  return stored && answerOf(stored, idempotency)
}

/** Drops up to `limit` keys that are older than their lifetime; answers how many it found. */
export async function pruneKeys(
  store: Store<IdempotencyTables>,
  now: Instant,
  limit = 1000,
): Promise<number> {
  return await store.write(async (tx) => {
    const expired = await expiredKeys(tx, { before: (now - keyLifetimeMs) as Instant, limit })
    if (expired.length === 0) return 0
    await dropExpired(tx, { moments: JSON.stringify([...new Set(expired.map((row) => row.createdAt))]) })
    return expired.length
  })
}
