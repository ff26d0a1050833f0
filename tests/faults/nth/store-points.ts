//! Fault points of a store: before a transaction, at each of its statements, after its body, at COMMIT, and before the answer.
import type { Database, Statement } from 'bun:sqlite'
import type { Lane, LaneOptions } from '../../../runtime/store/lane.ts'
import type { openStore } from '../../../runtime/store/open.ts'
import type { Handle, Store, Tx } from '../../../runtime/store/store.ts'
import { callerName, pass } from './passing.ts'

/** Whose body ran last: the COMMIT that follows is known by its name. */
let lastWriter = 'nobody'

export function faultyOpen(plain: typeof openStore): typeof openStore {
  return async (url, options) => faulty(await plain(url, options))
}

function faulty<T>(store: Store<T>): Store<T> {
  return {
    ...store,
    async write(body) {
      const who = callerName()
      pass(`${who} write: before`)
      const result = await store.write(async (tx) => {
        lastWriter = who
        const result = await body(counted(tx, who))
        pass(`${who} write: after the body`)
        return result
      })
      pass(`${who} write: after the commit`)
      return result
    },
    async read(body) {
      pass(`${callerName()} read`)
      return await store.read(body)
    },
  }
}

/** The same handle, whose every prepared statement is a point. */
function counted<T>(tx: Tx<T>, who: string): Tx<T> {
  const handle = tx as Handle<T> // the only implementation of Tx
  const execute: Handle<T>['execute'] = async (build, params) => {
    pass(`${who} write: statement`)
    return await handle.execute(build, params)
  }
  return bound(handle, { execute })
}

type Constructor = new (options: LaneOptions) => Lane

/** The writer's lane, with a COMMIT that may fail. */
export function faultyLane(plain: Constructor): Constructor {
  return class extends plain {
    constructor(options: LaneOptions) {
      const isWriter = options.begin === 'BEGIN IMMEDIATE'
      super(isWriter ? { ...options, database: withCommitPoint(options.database) } : options)
    }
  }
}

function withCommitPoint(database: Database): Database {
  const query = (text: string): Pick<Statement, 'run'> => {
    const statement = database.query(text)
    if (text !== 'COMMIT') return statement
    return {
      run() {
        pass(`${lastWriter} write: commit`)
        return statement.run()
      },
    }
  }
  return bound(database, { query: query as Database['query'] })
}

/** The object with some of its methods replaced; the others keep the object as their `this`, which may be one of secrets. */
function bound<O extends object>(object: O, replaced: Partial<O>): O {
  return new Proxy(object, {
    get(target, key) {
      if (Object.hasOwn(replaced, key)) return Reflect.get(replaced, key)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
