//! grpc.health.v1.Health: what the process says of itself, and of each of its services by name.
import type { handleUnaryCall, Server } from '@grpc/grpc-js'
import { HealthImplementation, service as healthDefinition } from 'grpc-health-check'
import type { GrpcLog } from './observe.ts'

/** True while calls may come; asked at every check and once a second, for those who watch. */
export type Ready = () => boolean | Promise<boolean>

export type Health = {
  addTo(server: Server): void
  /** Says NOT_SERVING, to watchers at once, and asks `ready` no more. */
  stop(): void
}

const pollMs = 1000

export function healthOf(services: readonly string[], ready: Ready, log: GrpcLog): Health {
  const names = ['', ...services]
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])))
  let serving = false
  let stopped = false

  const tell = (next: boolean) => {
    // Watchers are told of changes only.
    if (next === serving) return
    serving = next
    for (const name of names) health.setStatus(name, next ? 'SERVING' : 'NOT_SERVING')
  }
  let following: Promise<void> | undefined
  const ask = async () => {
    const next = await asked(ready, log)
    following = undefined
    if (!stopped) tell(next)
  }
  // One question at a time: an answer that does not come must not pile up more of them.
  const follow = () => {
    following ??= ask()
    return following
  }
  setImmediate(follow)
  const poll = setInterval(follow, pollMs)
  poll.unref()

  return {
    addTo: (server) => {
      const addService: Server['addService'] = (definition, handlers) => {
        // The definition says that Check is unary; the type of a handlers' table does not.
        const check = handlers.check as handleUnaryCall<unknown, unknown>
        // Whoever asks once gets the answer of this moment, not the one of the last second.
        const checkNow: typeof check = (call, callback) => {
          const answer = () => check(call, callback)
          follow().then(answer, answer)
        }
        server.addService(definition, { ...handlers, check: checkNow })
      }
      health.addToServer({ addService })
    },
    stop: () => {
      stopped = true
      clearInterval(poll)
      tell(false)
    },
  }
}

async function asked(ready: Ready, log: GrpcLog): Promise<boolean> {
  try {
    return await ready()
  } catch (error) {
    log.warn({ err: error }, 'readiness could not be asked; told as not serving')
    return false
  }
}

/** The health service's own files, for reflection. */
export function healthFiles(): Buffer[] {
  return healthDefinition.Check?.requestType.fileDescriptorProtos ?? []
}
