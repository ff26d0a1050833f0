//! Questions between services, over NATS request-reply: `serveRpc` answers them, `rpcClient` asks them.
export { type RpcClient, type RpcClientOptions, rpcClient } from './rpc/client.ts'
export { type GatherOptions, gather } from './rpc/gather.ts'
export { handle, type RpcHandler, type RpcServer, type RpcServerOptions, serveRpc } from './rpc/server.ts'
export type { Asking } from './rpc/wire.ts'
