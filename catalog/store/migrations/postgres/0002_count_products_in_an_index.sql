DROP INDEX "products_on_sale_by_category";--> statement-breakpoint
CREATE INDEX "products_on_sale_by_category" ON "products" USING btree ("tenant_id","category","sku","withdrawn") WHERE not withdrawn;