CREATE INDEX `orders_by_status` ON `orders` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `sagas_not_over` ON `sagas` (`started_at`) WHERE state not in ('done', 'undone');