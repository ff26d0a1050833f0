//! The tables of accounts. `tenant_id` is part of every key but those of secrets: a secret names its session, and so its tenant.
import { sql } from 'drizzle-orm'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import { type AccountRole, accountRoles } from '../../contracts/roles.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import { outboxTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import { type EndReason, endReasons, type SessionId } from '../domain/session.ts'

const oneOf = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export function schema(kit: Kit) {
  const users = kit.table(
    'users',
    {
      id: kit.sequence<UserId>('id'),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      login: kit.text('login').notNull(),
      /** What all spellings of the login have in common. */
      loginKey: kit.text('login_key').notNull(),
      role: kit.text<AccountRole>('role').notNull(),
      name: kit.text('name'),
      email: kit.text('email'),
      emailKey: kit.text('email_key'),
      emailVerified: kit.boolean('email_verified').notNull(),
      phone: kit.text('phone'),
      passwordHash: kit.text('password_hash'),
      createdAt: kit.instant('created_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
    },
    (t) => [
      kit.uniqueIndex('users_by_login').on(t.tenantId, t.loginKey),
      // By these an account is found by somebody who signs in with a provider; what nobody has shown to be theirs is in no index.
      kit.uniqueIndex('users_by_verified_email').on(t.tenantId, t.emailKey).where(sql`email_verified`),
      // Who administers the shop: a few of all who buy there.
      kit.index('users_who_administer').on(t.tenantId, t.id).where(sql`role = 'admin'`),
      kit.check('role_is_known', sql`${t.role} in (${oneOf(accountRoles)})`),
      kit.check('login_is_bounded', sql`length(${t.login}) between 1 and 128`),
      kit.check('verified_email_is_said', sql`not ${t.emailVerified} or ${t.emailKey} is not null`),
      kit.check('email_has_its_key', sql`(${t.email} is null) = (${t.emailKey} is null)`),
      kit.check('password_is_argon2id', sql`substr(${t.passwordHash}, 1, 10) = '$argon2id$'`),
    ],
  )

  // Who an account is to a provider of sign-ins: the subject is a name that only its issuer gives.
  const identities = kit.table(
    'identities',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      issuer: kit.text('issuer').notNull(),
      subject: kit.text('subject').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      createdAt: kit.instant('created_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.issuer, t.subject] }),
      kit.foreignKey({ columns: [t.userId], foreignColumns: [users.id] }),
    ],
  )

  const sessions = kit.table(
    'sessions',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      id: kit.text<SessionId>('id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      /** SHA-256 of the cookie, hex: who reads this table cannot sign in with what is in it. */
      cookieHash: kit.text('cookie_hash').notNull(),
      generation: kit.number('generation').notNull(),
      addressRange: kit.text('address_range').notNull(),
      createdAt: kit.instant('created_at').notNull(),
      refreshedAt: kit.instant('refreshed_at').notNull(),
      expiresAt: kit.instant('expires_at').notNull(),
      endedAt: kit.instant('ended_at'),
      endReason: kit.text<EndReason>('end_reason'),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.id] }),
      kit.foreignKey({ columns: [t.userId], foreignColumns: [users.id] }),
      kit.uniqueIndex('sessions_by_cookie').on(t.cookieHash),
      kit.index('sessions_by_user').on(t.tenantId, t.userId, t.createdAt),
      // The first is asked for whoever tries to sign in.
      kit.index('sessions_by_range').on(t.tenantId, t.userId, t.addressRange),
      kit.index('sessions_alive').on(t.tenantId, t.userId, t.expiresAt).where(sql`ended_at is null`),
      kit.index('sessions_by_expiry').on(t.expiresAt),
      kit.check('generation_not_negative', sql`${t.generation} >= 0`),
      kit.check('end_has_reason', sql`(${t.endedAt} is null) = (${t.endReason} is null)`),
      kit.check('end_reason_is_known', sql`${t.endReason} in (${oneOf(endReasons)})`),
    ],
  )

  // The refresh tokens that a session had last, so that one that comes back is known for what it is.
  const refreshTokens = kit.table(
    'refresh_tokens',
    {
      hash: kit.text('hash').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      sessionId: kit.text<SessionId>('session_id').notNull(),
      generation: kit.number('generation').notNull(),
      /** With the token itself, which we do not have, it makes the next one. */
      salt: kit.text('salt').notNull(),
      usedAt: kit.instant('used_at'),
      replayed: kit.boolean('replayed').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.hash] }),
      kit.foreignKey({
        columns: [t.tenantId, t.sessionId],
        foreignColumns: [sessions.tenantId, sessions.id],
      }),
      // One line: no two tokens of a session are the same step.
      kit.uniqueIndex('refresh_tokens_by_session').on(t.tenantId, t.sessionId, t.generation),
    ],
  )

  const signingKeys = kit.table(
    'signing_keys',
    {
      number: kit.number('number').notNull(),
      kid: kit.text('kid').notNull(),
      /** A JWK, as JSON. */
      publicKey: kit.text('public_key').notNull(),
      /** A JWK as JSON, or that as a JWE where there is a secret to close it with. */
      privateKey: kit.text('private_key').notNull(),
      signsFrom: kit.instant('signs_from').notNull(),
      signsUntil: kit.instant('signs_until').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.number] }),
      kit.uniqueIndex('signing_keys_by_kid').on(t.kid),
      kit.check('signs_for_a_while', sql`${t.signsUntil} > ${t.signsFrom}`),
    ],
  )

  // Sign-ins that a provider is asked for. Nothing here is a secret: what proves them is with the browser.
  const signIns = kit.table(
    'sign_ins',
    {
      stateHash: kit.text('state_hash').notNull(),
      browserHash: kit.text('browser_hash').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      provider: kit.text('provider').notNull(),
      expiresAt: kit.instant('expires_at').notNull(),
    },
    (t) => [kit.primaryKey({ columns: [t.stateHash] }), kit.index('sign_ins_by_expiry').on(t.expiresAt)],
  )

  return {
    users,
    identities,
    sessions,
    refreshTokens,
    signingKeys,
    signIns,
    ...idempotencyTables(kit),
    ...outboxTables(kit),
  }
}

export type Tables = ReturnType<typeof schema>
export type AccountsStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
