//! Accounts as rows, and who they are to providers of sign-ins.
import { and, asc, eq, sql } from 'drizzle-orm'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import type { AccountRole } from '../../contracts/roles.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Account } from '../domain/account.ts'
import { emailKeyOf } from '../domain/login.ts'
import type { Q, Tables, Tx } from './schema.ts'

type Row = Tables['users']['$inferSelect']
type Id = { tenantId: TenantId; id: UserId }

const here = (t: Tables['users'], p: Params<Id>) => and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))

const userRow = query(({ db, tables: { users: t } }: Q, p: Params<Id>) =>
  db.select().from(t).where(here(t, p)),
)
const lockedUserRow = query(({ db, tables: { users: t } }: Q, p: Params<Id>) =>
  locked(db.select().from(t).where(here(t, p))),
)
const userRowByLogin = query(
  ({ db, tables: { users: t } }: Q, p: Params<{ tenantId: TenantId; loginKey: string }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.loginKey, p.loginKey))),
)
const userRowByVerifiedEmail = query(
  ({ db, tables: { users: t } }: Q, p: Params<{ tenantId: TenantId; emailKey: string }>) =>
    db
      .select()
      .from(t)
      // Written as in the index, which the engines take for no other words.
      .where(and(eq(t.tenantId, p.tenantId), eq(t.emailKey, p.emailKey), sql`${t.emailVerified}`)),
)
const userRowByIdentity = query(
  (
    { db, tables: { identities: t } }: Q,
    p: Params<{ tenantId: TenantId; issuer: string; subject: string }>,
  ) =>
    db
      .select({ userId: t.userId })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.issuer, p.issuer), eq(t.subject, p.subject))),
)

// Written as in the index, and in one order, so that two who hold them do not wait for each other.
const lockedAdminRows = query(({ db, tables: { users: t } }: Q, p: Params<{ tenantId: TenantId }>) =>
  locked(
    db
      .select({ id: t.id })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), sql`role = 'admin'`))
      .orderBy(asc(t.id)),
  ),
)

const insertUser = query(({ db, tables: { users: t } }: Q, p: Params<Omit<Row, 'id'>>) =>
  db
    .insert(t)
    .values({
      tenantId: p.tenantId,
      login: p.login,
      loginKey: p.loginKey,
      role: p.role,
      name: p.name,
      email: p.email,
      emailKey: p.emailKey,
      emailVerified: p.emailVerified,
      phone: p.phone,
      passwordHash: p.passwordHash,
      createdAt: p.createdAt,
      updatedAt: p.updatedAt,
    })
    .onConflictDoNothing()
    .returning({ id: t.id }),
)

const updateProfile = command(
  (
    { db, tables: { users: t } }: Q,
    p: Params<Id & Pick<Row, 'name' | 'email' | 'emailKey' | 'emailVerified' | 'phone' | 'updatedAt'>>,
  ) =>
    db
      .update(t)
      .set({
        name: p.name,
        email: p.email,
        emailKey: p.emailKey,
        emailVerified: p.emailVerified,
        phone: p.phone,
        updatedAt: p.updatedAt,
      })
      .where(here(t, p)),
)

const updateRole = command(
  ({ db, tables: { users: t } }: Q, p: Params<Id & Pick<Row, 'role' | 'updatedAt'>>) =>
    db.update(t).set({ role: p.role, updatedAt: p.updatedAt }).where(here(t, p)),
)

const updatePassword = command(
  ({ db, tables: { users: t } }: Q, p: Params<Id & { previous: string; hash: string; updatedAt: Instant }>) =>
    db
      .update(t)
      .set({ passwordHash: p.hash, updatedAt: p.updatedAt })
      .where(and(here(t, p), eq(t.passwordHash, p.previous))),
)

const insertIdentity = command(
  ({ db, tables: { identities: t } }: Q, p: Params<Tables['identities']['$inferSelect']>) =>
    db
      .insert(t)
      .values({
        tenantId: p.tenantId,
        issuer: p.issuer,
        subject: p.subject,
        userId: p.userId,
        createdAt: p.createdAt,
      })
      .onConflictDoNothing(),
)

export async function accountOf(tx: Tx, tenantId: TenantId, id: UserId): Promise<Account | undefined> {
  const [row] = await userRow(tx, { tenantId, id })
  return row && toAccount(row)
}

/** The same, held until the transaction ends. */
export async function lockAccount(tx: Tx, tenantId: TenantId, id: UserId): Promise<Account | undefined> {
  const [row] = await lockedUserRow(tx, { tenantId, id })
  return row && toAccount(row)
}

/** Everybody who administers the shop, held until the transaction ends. To be held before any other account. */
export async function lockAdmins(tx: Tx, tenantId: TenantId): Promise<readonly UserId[]> {
  return (await lockedAdminRows(tx, { tenantId })).map(({ id }) => id)
}

export async function accountByLogin(
  tx: Tx,
  tenantId: TenantId,
  loginKey: string,
): Promise<Account | undefined> {
  const [row] = await userRowByLogin(tx, { tenantId, loginKey })
  return row && toAccount(row)
}

/** Only an account that has shown us that the address is its own. */
export async function accountByVerifiedEmail(
  tx: Tx,
  tenantId: TenantId,
  email: string,
): Promise<Account | undefined> {
  const [row] = await userRowByVerifiedEmail(tx, { tenantId, emailKey: emailKeyOf(email) })
  return row && toAccount(row)
}

export type Identity = { readonly issuer: string; readonly subject: string }

export async function accountByIdentity(
  tx: Tx,
  tenantId: TenantId,
  { issuer, subject }: Identity,
): Promise<Account | undefined> {
  const [row] = await userRowByIdentity(tx, { tenantId, issuer, subject })
  return row && (await accountOf(tx, tenantId, row.userId))
}

export type NewAccount = Omit<Account, 'id'> & { readonly loginKey: string }

/** Undefined, and nothing written, where the login or the verified address is another's. */
export async function putNewAccount(tx: Tx, account: NewAccount): Promise<Account | undefined> {
  const { loginKey, ...rest } = account
  const [row] = await insertUser(tx, {
    ...rest,
    loginKey,
    ...contactOf(account),
    passwordHash: rest.passwordHash ?? null,
  })
  return row && { ...rest, id: row.id }
}

/** Writes what the owner says of themselves. */
export async function putProfile(tx: Tx, account: Account): Promise<void> {
  const { tenantId, id, emailVerified, updatedAt } = account
  await updateProfile(tx, { tenantId, id, ...contactOf(account), emailVerified, updatedAt })
}

export async function putRole(
  tx: Tx,
  account: Account,
  role: AccountRole,
  updatedAt: Instant,
): Promise<void> {
  await updateRole(tx, { tenantId: account.tenantId, id: account.id, role, updatedAt })
}

/** False where the password was changed by somebody else since the account was read. */
export async function putPassword(
  tx: Tx,
  account: Account,
  hash: string,
  updatedAt: Instant,
): Promise<boolean> {
  const { tenantId, id, passwordHash } = account
  if (passwordHash === undefined) return false
  return (await updatePassword(tx, { tenantId, id, previous: passwordHash, hash, updatedAt })) === 1
}

/** False where the identity is an account's already. */
export async function putIdentity(
  tx: Tx,
  account: Pick<Account, 'tenantId' | 'id'>,
  { issuer, subject }: Identity,
  createdAt: Instant,
): Promise<boolean> {
  const { tenantId, id: userId } = account
  return (await insertIdentity(tx, { tenantId, issuer, subject, userId, createdAt })) === 1
}

function contactOf({ name, email, phone }: Pick<Account, 'name' | 'email' | 'phone'>) {
  return {
    name: name ?? null,
    email: email ?? null,
    emailKey: email === undefined ? null : emailKeyOf(email),
    phone: phone ?? null,
  }
}

function toAccount({ loginKey: _, emailKey: __, name, email, phone, passwordHash, ...row }: Row): Account {
  return {
    ...row,
    name: name ?? undefined,
    email: email ?? undefined,
    phone: phone ?? undefined,
    passwordHash: passwordHash ?? undefined,
  }
}
