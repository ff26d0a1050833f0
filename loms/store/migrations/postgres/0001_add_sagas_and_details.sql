CREATE TABLE "order_details" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"delivery" text,
	"shipping_address" text,
	"billing_address" text,
	"notes" text,
	CONSTRAINT "order_details_tenant_id_order_id_pk" PRIMARY KEY("tenant_id","order_id")
);
--> statement-breakpoint
CREATE TABLE "sagas" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"state" text NOT NULL,
	"held" boolean NOT NULL,
	"accepted" boolean NOT NULL,
	"reason" text,
	"attempts" bigint NOT NULL,
	"retry_at" bigint,
	"key_scope" text,
	"key" text,
	"started_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "sagas_tenant_id_order_id_pk" PRIMARY KEY("tenant_id","order_id"),
	CONSTRAINT "saga_state_is_known" CHECK ("sagas"."state" in ('holding', 'delivering', 'waiting', 'capturing', 'undoing', 'done', 'undone')),
	CONSTRAINT "saga_rests_when_over" CHECK ("sagas"."state" not in ('done', 'undone') or "sagas"."retry_at" is null)
);
--> statement-breakpoint
ALTER TABLE "order_details" ADD CONSTRAINT "order_details_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sagas_by_retry" ON "sagas" USING btree ("retry_at") WHERE retry_at is not null;--> statement-breakpoint
CREATE INDEX "products_by_id" ON "products" USING btree ("tenant_id","product_id");