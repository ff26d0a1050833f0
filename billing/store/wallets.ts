//! Wallets and the ledger. Money moves here only: the wallet, its transaction and the entries in one go, guarded.
import { and, count, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Id, OrderId } from '../../contracts/ids.ts'
import { type Money, money } from '../../contracts/money.ts'
import type { Instant } from '../../contracts/time.ts'
import { integer, locked } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import {
  type Account,
  changeOf,
  type Posting,
  type TransactionKind,
  type VisibleKind,
  visibleKinds,
} from '../domain/ledger.ts'
import type { Wallet, WalletKey } from '../domain/wallet.ts'
import type { Q, Tx } from './schema.ts'

const here = (t: Q['tables']['wallets'], p: Params<WalletKey>) =>
  and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId), eq(t.currency, p.currency))

const insertWallet = query(({ db, tables: { wallets } }: Q, p: Params<WalletKey & { openedAt: Instant }>) =>
  db
    .insert(wallets)
    .values({
      tenantId: p.tenantId,
      userId: p.userId,
      currency: p.currency,
      available: 0,
      held: 0,
      transactions: 0,
      openedAt: p.openedAt,
    })
    .onConflictDoNothing(),
)

const walletRow = query(({ db, tables: { wallets: t } }: Q, p: Params<WalletKey>) =>
  db.select().from(t).where(here(t, p)),
)

const lockedWalletRow = query(({ db, tables: { wallets: t } }: Q, p: Params<WalletKey>) =>
  locked(db.select().from(t).where(here(t, p))),
)

// The guards say again what was decided, and the CHECKs of the table say it once more.
const changeWallet = query(
  ({ db, tables: { wallets: t } }: Q, p: Params<WalletKey & { available: bigint; held: bigint }>) =>
    db
      .update(t)
      .set({
        available: sql`${t.available} + ${p.available}`,
        held: sql`${t.held} + ${p.held}`,
        transactions: sql`${t.transactions} + 1`,
      })
      .where(and(here(t, p), sql`${t.available} + ${p.available} >= 0`, sql`${t.held} + ${p.held} >= 0`))
      .returning({ number: t.transactions }),
)

const insertTransaction = query(
  (
    { db, tables: { transactions } }: Q,
    p: Params<
      WalletKey & {
        number: number
        id: Id<'entry'>
        kind: TransactionKind
        amount: number
        orderId: OrderId | null
        moment: Instant
      }
    >,
  ) =>
    db.insert(transactions).values({
      tenantId: p.tenantId,
      userId: p.userId,
      currency: p.currency,
      number: p.number,
      id: p.id,
      kind: p.kind,
      amount: p.amount,
      orderId: p.orderId,
      moment: p.moment,
    }),
)

const insertEntry = query(
  (
    { db, tables: { entries } }: Q,
    p: Params<WalletKey & { number: number; account: Account; change: number }>,
  ) =>
    db.insert(entries).values({
      tenantId: p.tenantId,
      userId: p.userId,
      currency: p.currency,
      number: p.number,
      account: p.account,
      change: p.change,
    }),
)

const ofHistory = (t: Q['tables']['transactions'], p: Params<WalletKey>) =>
  and(
    eq(t.tenantId, p.tenantId),
    eq(t.userId, p.userId),
    eq(t.currency, p.currency),
    inArray(t.kind, [...visibleKinds]),
  )

const historyRows = query(
  ({ db, tables: { transactions: t } }: Q, p: Params<WalletKey & { limit: number; offset: number }>) =>
    db
      .select({ id: t.id, kind: t.kind, amount: t.amount, orderId: t.orderId, moment: t.moment })
      .from(t)
      .where(ofHistory(t, p))
      .orderBy(desc(t.number))
      .limit(p.limit)
      .offset(p.offset),
)

const historyCount = query(({ db, tables: { transactions: t } }: Q, p: Params<WalletKey>) =>
  db
    .select({ count: integer(count()) })
    .from(t)
    .where(ofHistory(t, p)),
)

type WalletRow = Q['tables']['wallets']['$inferSelect']

function toWallet({ openedAt: _, ...row }: WalletRow): Wallet {
  const { currency } = row
  return { ...row, available: money(row.available, currency), held: money(row.held, currency) }
}

const keyOf = ({ tenantId, userId, currency }: WalletKey): WalletKey => ({ tenantId, userId, currency })

/** An empty wallet, unless there is one. */
export async function openWallet(tx: Tx, key: WalletKey, openedAt: Instant): Promise<void> {
  await insertWallet(tx, { ...keyOf(key), openedAt })
}

export async function walletOf(tx: Tx, key: WalletKey): Promise<Wallet | undefined> {
  const [row] = await walletRow(tx, keyOf(key))
  return row && toWallet(row)
}

/** The same, held until the transaction ends, so that what is decided from it is still true when money moves. */
export async function lockWallet(tx: Tx, key: WalletKey): Promise<Wallet | undefined> {
  const [row] = await lockedWalletRow(tx, keyOf(key))
  return row && toWallet(row)
}

/** Moves the money and writes down why. Throws where the wallet has not got it: whoever decided was wrong. */
export async function record(
  tx: Tx,
  wallet: WalletKey,
  posting: Posting,
  { id, moment }: { readonly id: Id<'entry'>; readonly moment: Instant },
): Promise<void> {
  const key = keyOf(wallet)
  const { kind, amount, entries, orderId = null } = posting
  if (amount.currency !== key.currency)
    throw new TypeError(`a wallet of ${key.currency} has no ${amount.currency}`)
  const available = BigInt(changeOf(posting, 'available').amount)
  const held = BigInt(changeOf(posting, 'held').amount)
  const [changed] = await changeWallet(tx, { ...key, available, held })
  if (changed === undefined) throw new Error(`a wallet has not got what a ${kind} takes`)
  const { number } = changed
  await Promise.all([
    insertTransaction(tx, { ...key, number, id, kind, amount: amount.amount, orderId, moment }),
    ...entries.map(({ account, change }) =>
      insertEntry(tx, { ...key, number, account, change: change.amount }),
    ),
  ])
}

export type Transaction = {
  readonly id: Id<'entry'>
  readonly kind: VisibleKind
  readonly amount: Money
  readonly orderId: OrderId | undefined
  readonly moment: Instant
}

/** A page of what changed how much the wallet has, the newest first, and how many there are in all. */
export async function historyOf(
  tx: Tx,
  wallet: WalletKey,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly transactions: readonly Transaction[]; readonly total: number }> {
  const key = keyOf(wallet)
  const [counted] = await historyCount(tx, key)
  const rows = await historyRows(tx, { ...key, limit: page.limit, offset: page.offset })
  const transactions = rows.map(({ id, kind, amount, orderId, moment }) => ({
    id,
    // The query lets no other kind through.
    kind: kind as VisibleKind,
    amount: money(amount, key.currency),
    orderId: orderId ?? undefined,
    moment,
  }))
  return { transactions, total: counted?.count ?? 0 }
}
