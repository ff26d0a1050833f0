//! For tests: loms behind its real doors, and what it announced of an order.
import { Value } from '@sinclair/typebox/value'
import { lomsEvents } from '../contracts/events/loms.ts'
import type { GrpcServer } from '../runtime/grpc.ts'
import type { Http } from '../runtime/http.ts'
import { type Callers, doorDeps, serveGrpc } from '../tests/harness/doors.ts'
import type { Loms } from './fixture.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'

/** The real router; nothing asks for a token unless told otherwise, as on loopback. */
export function httpDoor(loms: Loms, callers: Callers = {}): Http {
  return http(loms.deps, doorDeps('loms', loms.now, callers))
}

export function grpcDoor(loms: Loms, callers: Callers = {}): Promise<GrpcServer> {
  return serveGrpc(grpc(loms.deps), doorDeps('loms', loms.now, callers))
}

type Announced = Awaited<ReturnType<Loms['facts']>>[number]

/** What was announced about an order, oldest first, each fact checked against the schema of its type. */
export async function factsOf(loms: Loms, orderId: number): Promise<Announced[]> {
  const facts = (await loms.facts()).filter(({ key }) => key === String(orderId))
  for (const { type, data } of facts) {
    const event = lomsEvents.find((event) => event.type === type)
    if (event === undefined) throw new Error(`loms announces no ${type}`)
    if (!Value.Check(event.schema, data)) throw new Error(`${type}: ${event.problemOf(data)}`)
  }
  return facts
}
