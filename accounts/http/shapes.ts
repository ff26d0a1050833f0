//! What the routes of accounts take and answer.
import { Type } from '@sinclair/typebox'
import { PhoneSchema, writtenText } from '../../contracts/rest.ts'
import { AccountRoleSchema } from '../../contracts/roles.ts'
import { toRfc3339 } from '../../contracts/time.ts'
import { accessTokenSeconds } from '../../contracts/tokens.ts'
import { sessionCookie, setCookie } from '../cookies.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { passwordLengthMax } from '../domain/password.ts'
import type { Session } from '../domain/session.ts'
import type { Opened } from '../operations/open-session.ts'
import type { Doors } from './doors.ts'

export const Login = Type.String({
  minLength: 1,
  maxLength: 64,
  description: '3 to 64 letters, digits, dots, dashes, underscores, @ or +. Case makes no difference.',
})
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: passwordLengthMax,
  description: '8 characters or more, and none of those that many people have.',
})
export const Password = Type.String({ minLength: 1, maxLength: passwordLengthMax })
/** A text that is none of ours is a token that is not valid, as one that is over: clients sign in again at that answer. */
export const RefreshToken = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'As it was answered last.',
})

export const Name = writtenText(200)
export const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@]{1,64}@[^\\s@]{1,189}$',
  description: 'an e-mail address of at most 254 characters without blanks, such as olena@example.org',
})

export const contactFields = {
  email: Type.Optional(Email),
  name: Type.Optional(Name),
  phone: Type.Optional(PhoneSchema),
}

const id = Type.String({ description: 'The user’s id, int64 in decimal.' })
export const UserId = id

export const Profile = Type.Object(
  {
    id,
    login: Type.String(),
    role: AccountRoleSchema,
    name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    email_verified: Type.Boolean({
      description: 'True where a provider of sign-ins has confirmed the address.',
    }),
    phone: Type.Optional(Type.String()),
    created_at: Type.String({ description: 'RFC 3339.' }),
  },
  {
    examples: [
      {
        id: '1',
        login: 'olena',
        role: 'customer',
        name: 'Олена Коваль',
        email: 'olena@example.org',
        email_verified: false,
        phone: '+380 44 123 45 67',
        created_at: '2026-01-02T03:04:05.000Z',
      },
    ],
  },
)

export function profileOf(account: Omit<Account, 'passwordHash'>) {
  const { name, email, phone } = account
  return {
    id: String(account.id),
    login: account.login,
    role: account.role,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    email_verified: account.emailVerified,
    ...(phone === undefined ? {} : { phone }),
    created_at: toRfc3339(account.createdAt),
  }
}

export const Tokens = Type.Object({
  access_token: Type.String({ description: 'A bearer for every service, until it expires.' }),
  refresh_token: Type.String({ description: 'Makes the next pair, once.' }),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ minimum: 1, description: 'Seconds that the access token is valid for.' }),
})

export type Pair = { readonly account: Account; readonly session: Session; readonly refreshToken: string }

export async function tokensOf(deps: Pick<Deps, 'makeToken'>, { account, session, refreshToken }: Pair) {
  const { token, expiresInSeconds } = await deps.makeToken(account, session, accessTokenSeconds)
  return {
    access_token: token,
    refresh_token: refreshToken,
    token_type: 'Bearer' as const,
    expires_in: expiresInSeconds,
  }
}

/** RFC 6749, section 5.1: nobody between us and its owner keeps a token. */
export const notKept = { 'cache-control': 'no-store' }

export function sessionHeaders(doors: Doors, { session, cookie }: Opened): Record<string, string> {
  const maxAgeSeconds = (session.expiresAt - session.createdAt) / 1000
  return { ...notKept, 'set-cookie': setCookie(sessionCookie, cookie, { ...doors.cookies, maxAgeSeconds }) }
}
