import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Int64Schema } from '../scalars.ts'
import { defineRpc, type ReplyOf, type RequestOf } from './define.ts'

const shape = {
  service: 'loms',
  method: 'CreateOrder',
  request: Type.Object({ user: Int64Schema }),
  reply: Type.Object({ orderId: Int64Schema }),
  idempotent: true,
  timeoutMs: 1_000,
} as const

describe('defineRpc', () => {
  test('the subject names service, version and method', () => {
    expect(defineRpc(shape).subject).toBe('rpc.loms.v1.CreateOrder')
  })

  test('request and reply keep their types', () => {
    const method = defineRpc(shape)
    const request: RequestOf<typeof method> = { user: '9007199254740993' }
    const reply: ReplyOf<typeof method> = { orderId: 7 }
    // @ts-expect-error a reply holds what its schema says
    const wrong: ReplyOf<typeof method> = { orderId: true }
    expect([request, reply, wrong]).toHaveLength(3)
  })

  test.each(['loms.v2', 'Loms', '', 'loms *', '>'])('the service %p is no part of a subject', (service) => {
    expect(() => defineRpc({ ...shape, service })).toThrow(RangeError)
  })

  test.each(['createOrder', 'Create.Order', '', '*', 'Create Order'])(
    'the method %p is no part of a subject',
    (method) => {
      expect(() => defineRpc({ ...shape, method })).toThrow(RangeError)
    },
  )

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%p ms is no timeout', (timeoutMs) => {
    expect(() => defineRpc({ ...shape, timeoutMs })).toThrow(RangeError)
  })

  test('a schema that refuses unknown fields is refused, however deep it lies', () => {
    const closed = Type.Object({ sku: Type.Integer() }, { additionalProperties: false })
    expect(() => defineRpc({ ...shape, request: closed })).toThrow(TypeError)
    expect(() =>
      defineRpc({ ...shape, reply: Type.Object({ lines: Type.Array(Type.Union([closed, Type.Null()])) }) }),
    ).toThrow(TypeError)
  })
})
