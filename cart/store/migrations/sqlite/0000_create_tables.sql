CREATE TABLE `cart_lines` (
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`sku` integer NOT NULL,
	`quantity` integer NOT NULL,
	`price` integer NOT NULL,
	`added_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `user_id`, `sku`),
	CONSTRAINT "quantity_in_range" CHECK("cart_lines"."quantity" between 1 and 65535)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `checkouts` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`user_id` integer NOT NULL,
	`state` text NOT NULL,
	`lines` text NOT NULL,
	`not_after` integer NOT NULL,
	`order_id` integer,
	`key_scope` text,
	`key` text,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	PRIMARY KEY(`tenant_id`, `id`),
	CONSTRAINT "state_is_known" CHECK("checkouts"."state" in ('open', 'placed', 'refused', 'abandoned')),
	CONSTRAINT "placed_has_order" CHECK("checkouts"."state" <> 'placed' or "checkouts"."order_id" is not null)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `one_open_checkout_per_user` ON `checkouts` (`tenant_id`,`user_id`) WHERE state = 'open';--> statement-breakpoint
CREATE INDEX `open_checkouts_by_deadline` ON `checkouts` (`not_after`) WHERE state = 'open';--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`tenant_id` text NOT NULL,
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`request_id` text NOT NULL,
	`answer` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `scope`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`created_at`);