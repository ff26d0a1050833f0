CREATE TABLE `order_details` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`delivery` text,
	`shipping_address` text,
	`billing_address` text,
	`notes` text,
	PRIMARY KEY(`tenant_id`, `order_id`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sagas` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`state` text NOT NULL,
	`held` integer NOT NULL,
	`accepted` integer NOT NULL,
	`reason` text,
	`attempts` integer NOT NULL,
	`retry_at` integer,
	`key_scope` text,
	`key` text,
	`started_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `order_id`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "saga_state_is_known" CHECK("sagas"."state" in ('holding', 'delivering', 'waiting', 'capturing', 'undoing', 'done', 'undone')),
	CONSTRAINT "saga_rests_when_over" CHECK("sagas"."state" not in ('done', 'undone') or "sagas"."retry_at" is null)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sagas_by_retry` ON `sagas` (`retry_at`) WHERE retry_at is not null;--> statement-breakpoint
CREATE INDEX `products_by_id` ON `products` (`tenant_id`,`product_id`);