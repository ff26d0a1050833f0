//! Sessions and their refresh tokens as rows.
import { and, count, desc, eq, gt, inArray, isNull, lt, lte, sql } from 'drizzle-orm'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { integer, locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import {
  type EndReason,
  type RefreshToken,
  type Session,
  type SessionId,
  usedTokensMax,
} from '../domain/session.ts'
import type { Q, Tables, Tx } from './schema.ts'

type Row = Tables['sessions']['$inferSelect']
type TokenRow = Tables['refreshTokens']['$inferSelect']
type Key = { tenantId: TenantId; id: SessionId }
type Owner = { tenantId: TenantId; userId: UserId }

const here = (t: Tables['sessions'], p: Params<Key>) => and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))
const isOwned = (t: Tables['sessions'], p: Params<Owner>) =>
  and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId))

const sessionRow = query(({ db, tables: { sessions: t } }: Q, p: Params<Key>) =>
  db.select().from(t).where(here(t, p)),
)
const lockedSessionRow = query(({ db, tables: { sessions: t } }: Q, p: Params<Key>) =>
  locked(db.select().from(t).where(here(t, p))),
)
const sessionRowByCookie = query(({ db, tables: { sessions: t } }: Q, p: Params<{ cookieHash: string }>) =>
  db.select().from(t).where(eq(t.cookieHash, p.cookieHash)),
)
const sessionFromRange = query(
  ({ db, tables: { sessions: t } }: Q, p: Params<Owner & { addressRange: string }>) =>
    db
      .select({ id: t.id })
      .from(t)
      .where(and(isOwned(t, p), eq(t.addressRange, p.addressRange)))
      .limit(1),
)
const liveRows = query(
  ({ db, tables: { sessions: t } }: Q, p: Params<Owner & { now: Instant; limit: number; offset: number }>) =>
    db
      .select()
      .from(t)
      .where(and(isOwned(t, p), isNull(t.endedAt), gt(t.expiresAt, p.now)))
      .orderBy(desc(t.createdAt), desc(t.id))
      .limit(p.limit)
      .offset(p.offset),
)
const liveCount = query(({ db, tables: { sessions: t } }: Q, p: Params<Owner & { now: Instant }>) =>
  db
    .select({ total: integer(count()) })
    .from(t)
    .where(and(isOwned(t, p), isNull(t.endedAt), gt(t.expiresAt, p.now))),
)

const insertSession = query(
  ({ db, tables: { sessions: t } }: Q, p: Params<Omit<Row, 'generation' | 'endedAt' | 'endReason'>>) =>
    db.insert(t).values({
      tenantId: p.tenantId,
      id: p.id,
      userId: p.userId,
      cookieHash: p.cookieHash,
      generation: 0,
      addressRange: p.addressRange,
      createdAt: p.createdAt,
      refreshedAt: p.refreshedAt,
      expiresAt: p.expiresAt,
    }),
)
const updateGeneration = command(
  ({ db, tables: { sessions: t } }: Q, p: Params<Key & { generation: number; refreshedAt: Instant }>) =>
    db.update(t).set({ generation: p.generation, refreshedAt: p.refreshedAt }).where(here(t, p)),
)
const updateEnd = command(
  ({ db, tables: { sessions: t } }: Q, p: Params<Key & { endedAt: Instant; endReason: EndReason }>) =>
    db
      .update(t)
      .set({ endedAt: p.endedAt, endReason: p.endReason })
      .where(and(here(t, p), isNull(t.endedAt))),
)
const updateOthersEnd = command(
  (
    { db, tables: { sessions: t } }: Q,
    p: Params<Owner & { kept: string; endedAt: Instant; endReason: EndReason }>,
  ) =>
    db
      .update(t)
      .set({ endedAt: p.endedAt, endReason: p.endReason })
      .where(and(isOwned(t, p), isNull(t.endedAt), sql`${t.id} <> ${p.kept}`)),
)

const insertToken = query(
  ({ db, tables: { refreshTokens: t } }: Q, p: Params<Omit<TokenRow, 'usedAt' | 'replayed'>>) =>
    db.insert(t).values({
      hash: p.hash,
      tenantId: p.tenantId,
      sessionId: p.sessionId,
      generation: p.generation,
      salt: p.salt,
      replayed: false,
    }),
)
const tokenRow = query(({ db, tables: { refreshTokens: t } }: Q, p: Params<{ hash: string }>) =>
  db.select().from(t).where(eq(t.hash, p.hash)),
)
const updateToken = command(
  (
    { db, tables: { refreshTokens: t } }: Q,
    p: Params<{ hash: string; usedAt: Instant; replayed: boolean }>,
  ) => db.update(t).set({ usedAt: p.usedAt, replayed: p.replayed }).where(eq(t.hash, p.hash)),
)

const oldRows = query(({ db, tables: { sessions: t } }: Q, p: Params<{ before: Instant; limit: number }>) =>
  db.select({ tenantId: t.tenantId, id: t.id }).from(t).where(lt(t.expiresAt, p.before)).limit(p.limit),
)
const dropTokens = command(
  ({ db, tables: { refreshTokens: t } }: Q, p: Params<Key & { upTo: number; limit: number }>) => {
    const oldest = db
      .select({ hash: t.hash })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.sessionId, p.id), lte(t.generation, p.upTo)))
      .orderBy(t.generation)
      .limit(p.limit)
    return db.delete(t).where(inArray(t.hash, oldest))
  },
)
const dropSession = command(({ db, tables: { sessions: t } }: Q, p: Params<Key>) =>
  db.delete(t).where(here(t, p)),
)

export async function sessionOf(tx: Tx, tenantId: TenantId, id: SessionId): Promise<Session | undefined> {
  const [row] = await sessionRow(tx, { tenantId, id })
  return row && toSession(row)
}

export async function sessionByCookie(tx: Tx, cookieHash: string): Promise<Session | undefined> {
  const [row] = await sessionRowByCookie(tx, { cookieHash })
  return row && toSession(row)
}

/** Whether the account was ever signed in to from there, as far back as sessions are remembered. */
export async function wasSeenFrom(tx: Tx, owner: Owner, addressRange: string): Promise<boolean> {
  return (await sessionFromRange(tx, { ...owner, addressRange })).length > 0
}

/** Newest first, and how many there are. */
export async function liveSessions(
  tx: Tx,
  { tenantId, userId }: Owner,
  now: Instant,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly sessions: readonly Session[]; readonly total: number }> {
  const { limit, offset } = page
  const rows = await liveRows(tx, { tenantId, userId, now, limit, offset })
  const [counted] = await liveCount(tx, { tenantId, userId, now })
  return { sessions: rows.map(toSession), total: counted?.total ?? 0 }
}

export type Hashes = { readonly cookieHash: string; readonly refreshHash: string; readonly salt: string }

/** A session with its first refresh token. */
export async function putNewSession(tx: Tx, session: Session, hashes: Hashes): Promise<void> {
  const { endedAt: _, generation, ...row } = session
  await insertSession(tx, { ...row, cookieHash: hashes.cookieHash })
  const { tenantId, id: sessionId } = session
  await insertToken(tx, { hash: hashes.refreshHash, salt: hashes.salt, tenantId, sessionId, generation })
}

export type FoundToken = {
  readonly session: Session
  readonly token: RefreshToken
  readonly salt: string
}

/** The token and its session, which is held first: two who bring the same token come one after the other. */
export async function lockRefreshToken(tx: Tx, hash: string): Promise<FoundToken | undefined> {
  const [named] = await tokenRow(tx, { hash })
  if (named === undefined) return undefined
  const [row] = await lockedSessionRow(tx, { tenantId: named.tenantId, id: named.sessionId })
  const [token] = await tokenRow(tx, { hash })
  if (row === undefined || token === undefined) return undefined
  const { generation, usedAt, replayed, salt } = token
  return { session: toSession(row), token: { generation, usedAt: usedAt ?? undefined, replayed }, salt }
}

/** Which session a refresh token is of. */
export async function sessionByRefreshToken(tx: Tx, hash: string): Promise<Session | undefined> {
  const [token] = await tokenRow(tx, { hash })
  return token && (await sessionOf(tx, token.tenantId, token.sessionId))
}

// More than the one that is made, so that a session that has too many comes to have fewer.
const droppedPerRefresh = 10

/** The token is used, and the next one takes its place. Those that were used long before are forgotten. */
export async function putNextToken(
  tx: Tx,
  session: Session,
  used: string,
  next: { readonly hash: string; readonly salt: string },
  now: Instant,
): Promise<void> {
  const { tenantId, id } = session
  const generation = session.generation + 1
  await updateToken(tx, { hash: used, usedAt: now, replayed: false })
  await insertToken(tx, { ...next, tenantId, sessionId: id, generation })
  await updateGeneration(tx, { tenantId, id, generation, refreshedAt: now })
  const upTo = generation - usedTokensMax - 1
  if (upTo >= 0) await dropTokens(tx, { tenantId, id, upTo, limit: droppedPerRefresh })
}

/** The token was taken once more: that was the last time. */
export async function putReplayed(tx: Tx, hash: string, usedAt: Instant): Promise<void> {
  await updateToken(tx, { hash, usedAt, replayed: true })
}

/** Nothing happens where it has ended. */
export async function endSessionRow(
  tx: Tx,
  { tenantId, id }: Pick<Session, 'tenantId' | 'id'>,
  endReason: EndReason,
  endedAt: Instant,
): Promise<void> {
  await updateEnd(tx, { tenantId, id, endedAt, endReason })
}

/** Ends all sessions of an account but one. */
export async function endOtherSessions(
  tx: Tx,
  { tenantId, userId }: Owner,
  kept: SessionId | undefined,
  endReason: EndReason,
  endedAt: Instant,
): Promise<void> {
  await updateOthersEnd(tx, { tenantId, userId, kept: kept ?? '', endedAt, endReason })
}

/**
 * Forgets sessions that expired before the moment, with their tokens, until `limit` rows are gone; answers whether there
 * may be more.
 */
export async function dropOldSessions(tx: Tx, before: Instant, limit: number): Promise<boolean> {
  const old = await oldRows(tx, { before, limit })
  let left = limit
  for (const key of old) {
    left -= await dropTokens(tx, { ...key, upTo: Number.MAX_SAFE_INTEGER, limit: left })
    // It may have more of them: its row goes with the last.
    if (left <= 0) return true
    left -= await dropSession(tx, key)
    if (left <= 0) return true
  }
  return false
}

function toSession({ cookieHash: _, endReason: __, endedAt, ...row }: Row): Session {
  return { ...row, endedAt: endedAt ?? undefined }
}
