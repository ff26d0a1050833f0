//! Routes of accounts themselves: making one, looking at it, changing it.
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../../contracts/errors.ts'
import { IdParams, PhoneSchema } from '../../contracts/rest.ts'
import { AccountRoleSchema } from '../../contracts/roles.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import { mapAnswer } from '../../runtime/call.ts'
import type { Http } from '../../runtime/http.ts'
import type { Deps } from '../deps.ts'
import { changePassword } from '../operations/change-password.ts'
import { changeRole } from '../operations/change-role.ts'
import { editProfile } from '../operations/edit-profile.ts'
import { getProfile } from '../operations/get-profile.ts'
import { register } from '../operations/register.ts'
import { addressOf } from './doors.ts'
import { bearerIn } from './sessions.ts'
import { contactFields, Email, Login, Name, NewPassword, Password, Profile, profileOf } from './shapes.ts'

const tags = ['accounts']
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

export function profileRoutes(app: Http, deps: Deps): void {
  app.post('/api/v1/register', {
    summary: 'Make an account',
    description:
      'Announces `user.registered`, by which its wallet is opened. A login is taken whatever its spelling.',
    tags,
    guard: 'open',
    body: Type.Object(
      { login: Login, password: NewPassword, ...contactFields },
      {
        examples: [
          {
            login: 'olena',
            password: 'correct horse battery staple',
            email: 'olena@example.org',
            name: 'Олена Коваль',
            phone: '+380 44 123 45 67',
          },
        ],
      },
    ),
    reply: Profile,
    status: 201,
    refusals: ['login_taken', 'too_many_requests'],
    changesState: true,
    run: async (call, { login, password, name, email, phone }, request) => {
      const address = addressOf(call, request)
      const role = 'customer' as const
      const asked = { login, password, name, email, phone, role, address }
      return mapAnswer(await register(deps, call, asked), profileOf)
    },
  })

  app.get('/api/v1/user/profile', {
    summary: 'Your own account',
    tags,
    guard: 'signed_in',
    reply: Profile,
    refusals: ['user_not_found'],
    run: async (call, { identity: { userId } }) => {
      if (userId === undefined) return fail('unauthenticated')
      return mapAnswer(await getProfile(deps, call, { userId }), profileOf)
    },
  })

  app.post('/api/v1/user/profile', {
    summary: 'Change your own account',
    description: 'A field that is absent stays as it is, `null` removes it. A new address is not verified.',
    tags,
    guard: 'signed_in',
    body: Type.Object(
      { name: orNull(Name), email: orNull(Email), phone: orNull(PhoneSchema) },
      { examples: [{ name: 'Олена Коваль', phone: null }] },
    ),
    reply: Profile,
    refusals: ['user_not_found'],
    changesState: true,
    run: async (call, body, { identity: { userId } }) => {
      if (userId === undefined) return fail('unauthenticated')
      return mapAnswer(await editProfile(deps, call, { ...body, userId }), profileOf)
    },
  })

  app.post('/api/v1/user/password', {
    summary: 'Change your password',
    description: 'Every other session ends.',
    tags,
    guard: 'signed_in',
    body: Type.Object(
      { current_password: Password, new_password: NewPassword },
      {
        examples: [
          { current_password: 'correct horse battery staple', new_password: 'staple battery horse correct' },
        ],
      },
    ),
    reply: Type.Object({}),
    status: 204,
    refusals: ['user_not_found', 'wrong_credentials', 'too_many_requests'],
    run: async (call, body, request) => {
      const { userId } = request.identity
      if (userId === undefined) return fail('unauthenticated')
      const changed = await changePassword(deps, call, {
        userId,
        sessionId: (await bearerIn(deps, request.headers))?.sessionId,
        currentPassword: body.current_password,
        newPassword: body.new_password,
        address: addressOf(call, request),
      })
      return changed.ok ? ok({}) : changed
    },
  })

  app.put('/api/v1/users/:id/role', {
    summary: 'Change what an account may do',
    description:
      'Tokens that are out keep the old role until they expire, 15 minutes at most. The last admin stays one: there would be nobody to make another.',
    tags,
    guard: 'admin',
    params: IdParams,
    body: Type.Object({ role: AccountRoleSchema }, { examples: [{ role: 'courier' }] }),
    reply: Profile,
    refusals: ['user_not_found', 'last_admin'],
    changesState: true,
    run: async (call, { role }, { params }) =>
      mapAnswer(await changeRole(deps, call, { userId: userIdOf(params.id), role }), profileOf),
  })
}
